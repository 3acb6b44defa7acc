// The files of a session: each root text of its document is one.

/**
 * The root that every session has; the server's default for `root` is the same, and so are editors'
 * examples.
 */
export const MAIN_ROOT = "codemirror"

/** What is shown of a root's name, which may be empty: some editors give their text none. */
const shown = (root: string) => (root === "" ? "(no name)" : root)

/** What the tab of a root says; the main file has the suffix of the session's language. */
export const fileName = (root: string, suffix: string) =>
  root === MAIN_ROOT ? `main.${suffix}` : shown(root)

/** What a root is called where no language is known. */
export const rootTitle = (root: string) => (root === MAIN_ROOT ? "main" : shown(root))

/**
 * The value of a root. Asks `hasOwn`, because a root may have the name of a property of every
 * object, as `toString`.
 */
export const valueOf = <T>(values: Readonly<Record<string, T>>, root: string): T | undefined =>
  Object.hasOwn(values, root) ? values[root] : undefined

/** The text of a root, "" if it has none. */
export const textOf = (files: Readonly<Record<string, string>>, root: string): string =>
  valueOf(files, root) ?? ""
