// The files of a session: each root text of its document is one.

/** The root that every session has; the server's default for `root` is the same, and so are editors' examples. */
export const MAIN_ROOT = "codemirror"

/** What the tab of a root says; the main file has the suffix of the session's language. */
export const fileName = (root: string, suffix: string) => (root === MAIN_ROOT ? `main.${suffix}` : root)

/** What a root is called where no language is known. */
export const rootTitle = (root: string) => (root === MAIN_ROOT ? "main" : root)
