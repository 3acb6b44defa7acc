// Describes the files of the app that the service worker keeps, and the addresses that it answers.

export interface Shell {
  /** changes with each file of the app */
  revision: string
  /** the path of the script with which this build starts; each build has a different one */
  entry: string
  /** the paths of all files that its pages load */
  files: readonly string[]
}

/** The screens of the app. All other addresses belong to the API and to the frames of programs. */
const SCREENS =
  /^\/(?:|signin|signup|forgot|reset|profile|developers|join\/[^/]+|s\/[^/]+(?:\/(?:versions|replay))?)$/

/** Whether a path is a screen of the app. */
export const isScreen = (path: string) => SCREENS.test(path)

/** The path of the script with which a page starts, as its HTML names it; "" if it has none. */
export const entryIn = (html: string) =>
  /<script[^>]+type="module"[^>]+src="([^"]+)"/.exec(html)?.[1] ?? ""
