// Stands for Node's modules, which runtimes import only if they run in Node.
export default {}
