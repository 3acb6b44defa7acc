// Replaces lib0/logging, with which Yjs writes its few warnings. The original colours them and logs
// into elements of the page. It has a tenth of the bytes of Yjs.

const isText = (part: unknown) => typeof part !== "symbol"

export const print = (...parts: unknown[]) => console.log(...parts.filter(isText))
export const warn = (...parts: unknown[]) => console.warn(...parts.filter(isText))

// The marks of colours, which have no meaning here.
export const BOLD = Symbol("bold")
export const UNBOLD = BOLD
export const RED = BOLD
export const ORANGE = BOLD
