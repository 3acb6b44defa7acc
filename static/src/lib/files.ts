// The files of a session. Each root text of the session's document is a file.

/**
 * The root that every session has. It is also the server's default for `root`, and the root in the
 * examples of editors.
 */
export const MAIN_ROOT = "codemirror"

/**
 * The value of a root. `hasOwn` is needed because a root may have the name of a property that every
 * object has, such as `toString`.
 */
export const valueOf = <T>(values: Readonly<Record<string, T>>, root: string): T | undefined =>
  Object.hasOwn(values, root) ? values[root] : undefined

/** The text of a root, or "" if it has none. */
export const textOf = (files: Readonly<Record<string, string>>, root: string): string =>
  valueOf(files, root) ?? ""
