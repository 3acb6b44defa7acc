// What each client says of itself to the others (Yjs calls it awareness), as this app writes and
// reads it.

/** A place in a text as JSON, which Yjs turns into an index of the text as it is now. */
export type RelativePosition = unknown

export interface Presence {
  /** set by the server, so nobody can pass for somebody else; missing before it has answered */
  user?: { id?: string; name: string; color: string; colorLight: string; avatar?: string | null }
  cursor?: { anchor: RelativePosition; head: RelativePosition } | null
  typing?: boolean
  /** the file that is open */
  root?: string
  /** the first line on the screen */
  top?: RelativePosition
}
