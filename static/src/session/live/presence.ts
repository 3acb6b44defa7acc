// The state that each client tells the others (awareness in Yjs), with the fields that this app
// writes and reads.

/** A position in a text as JSON. Yjs turns it into an index of the current text. */
export type RelativePosition = unknown

export interface Presence {
  /**
   * set by the server, so nobody can use another person's name; missing until the server has set it
   */
  user?: { id?: string; name: string; color: string; colorLight: string; avatar?: string | null }
  cursor?: { anchor: RelativePosition; head: RelativePosition } | null
  typing?: boolean
  /** the root of the open file */
  root?: string
  /** the position of the first line on the screen */
  top?: RelativePosition
  /** the running program, or the last one: a `RunPresence` */
  run?: unknown
}
