// The messages of a browser that runs a program to the other browsers.
export interface RunPresence {
  root: string
  language: string
  state: "running"
  /** Unix milliseconds */
  since: number
  /** the last characters of the output */
  tail: string
}
