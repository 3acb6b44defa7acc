// What the browser that runs a program tells the others meanwhile.
export interface RunPresence {
  root: string
  language: string
  state: "running"
  /** Unix milliseconds */
  since: number
  /** the last characters of the output */
  tail: string
}
