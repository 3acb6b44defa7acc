// The address of a picture that Vite puts into the build.
declare module "*.webp" {
  const address: string
  export default address
}
