// Which addresses are screens of this app. Used by the router, and by the server for development (vite.config.ts).

/** The server answers these itself; every other address that a person opens is a screen of the app. */
export const SERVED = /^\/(docs|openapi\.json|static|code|healthz)\b/
