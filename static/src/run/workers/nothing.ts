// An empty module instead of Node's modules, which runtimes import only if they run in Node.
export default {}
