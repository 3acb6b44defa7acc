// Why there is no connection, in words for users. It uses no screen, no provider and no clock.
import { CLOSE_CODE } from "../../close_codes"

/**
 * The remedies for a trouble:
 * later        nothing is needed: the page tries again by itself
 * large        the user must make the document smaller, then the page tries again
 * blocked      the network lets pages through, but no WebSockets; the page tries again by itself
 * unreachable  the server does not answer at all; the page tries again by itself
 * signIn       the user must sign in again
 * unreadable   the server will never take this browser's edits
 * final        the user may no longer use the session
 */
export type Remedy =
  "later" | "large" | "blocked" | "unreachable" | "signIn" | "unreadable" | "final"

export interface Trouble {
  remedy: Remedy
  message: string
  /** whether the session's saved versions can still be read */
  hasVersions?: boolean
  /** whether the text may be sent as new edits, because the server refuses this browser's edits */
  canBring?: boolean
}

/** The remedies for close codes. Codes that are not listed have the remedy of `remedyOf`. */
const REMEDIES: Record<number, Remedy> = {
  [CLOSE_CODE.malformed]: "unreadable",
  [CLOSE_CODE.conflict]: "unreadable",
  [CLOSE_CODE.notSignedIn]: "signIn",
  [CLOSE_CODE.noAccess]: "final",
  [CLOSE_CODE.notFound]: "final",
  [CLOSE_CODE.sessionDeleted]: "final",
  [CLOSE_CODE.tooLarge]: "large",
  [CLOSE_CODE.tooBig]: "large",
}

/** Whether the provider reconnects by itself after a close. */
export const comesBack = (code: number): boolean => remedyOf(code) === "later"

/**
 * The remedy for a close code. An unknown code comes from a newer server, a browser or a proxy. All
 * Yjs providers treat 4400 to 4499 as final.
 */
function remedyOf(code: number): Remedy {
  return REMEDIES[code] ?? (code >= 4400 && code < 4500 ? "final" : "later")
}

/**
 * Whether no text that is typed from now on can reach the server, even on a later connection.
 */
export const isFinal = (trouble: Trouble | null): boolean =>
  trouble !== null && ["final", "signIn", "unreadable"].includes(trouble.remedy)

/**
 * The meaning of a limit for users, by the limit's name (docs/documents.md). The server's message
 * adds the number.
 */
const LIMITS = new Map([
  ["max_text_bytes", "This session has as much text as the server allows"],
  ["max_state_bytes", "This session is full: the server allows no larger document"],
  ["author_share_percent", "You have filled your share of this session; its owner can take more"],
  ["max_update_bytes", "One edit is larger than the server takes: make it in smaller parts"],
  ["max_sync_bytes", "What you typed is more than the server takes in one piece"],
  ["roots", "This session has as many files as the server allows"],
  [
    "user_bytes",
    "Nothing can be added here until the session's owner deletes sessions, or hands them over",
  ],
  ["types", "This session has as many shared types as the server allows"],
  ["type_depth", "What you inserted is nested too deeply for the server"],
  ["value_depth", "What you inserted has a value with too many levels for the server"],
  ["name_bytes", "What you inserted has a name that is too long for the server"],
  ["structs", "What you typed has more parts than the server takes in one piece"],
  ["work", "One edit would keep the server busy for too long: make it in smaller parts"],
])

/**
 * Texts for users, by the word of a close reason. The server's own messages for these reasons are
 * for programmers.
 */
const REASONS = new Map([
  ["too_fast", "Your edits came faster than the server takes them."],
  ["too_slow", "Your connection was too slow for all that happens here."],
])

interface Reason {
  code: string
  message: string
  limit: string
}

/** Parse a close reason. The server's is JSON with a message for users, a proxy's is any text. */
function read(reason: string): Reason {
  try {
    const { code = "", message = "", limit = "" } = (JSON.parse(reason) ?? {}) as Partial<Reason>
    return { code, message, limit }
  } catch {
    return { code: "", message: reason.startsWith("{") ? "" : reason, limit: "" }
  }
}

/**
 * Make a text a whole sentence with a capital and a full stop, because some messages of servers
 * are parts of sentences.
 */
function sentence(text: string): string {
  const trimmed = text.trim()
  return (
    trimmed &&
    trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?…]$/.test(trimmed) ? "" : ".")
  )
}

function messageOf(closeCode: number, { code, message, limit }: Reason): string {
  const told =
    REASONS.get(code) ?? (sentence(message) || `The server closed the connection (${closeCode}).`)
  // the limit's name is not shown to users, because it is for programs
  const plain = LIMITS.get(limit)
  return plain ? `${plain}. ${told}` : told
}

/** The trouble that a close means for the user. */
export function troubleOf(code: number, reason: string): Trouble {
  const remedy = remedyOf(code)
  return {
    remedy,
    message: messageOf(code, read(reason)),
    ...(remedy === "unreadable" ? { canBring: true } : {}),
    ...(code === CLOSE_CODE.outOfService ? { hasVersions: true } : {}),
  }
}

export const BLOCKED: Trouble = {
  remedy: "blocked",
  message: "Offline: your network seems to block WebSockets. Another network or browser may help.",
}
export const UNREACHABLE: Trouble = {
  remedy: "unreachable",
  message: "Offline: the server cannot be reached.",
}
/** The trouble when the browser itself reports that it is offline. */
export const NO_NETWORK: Trouble = {
  remedy: "unreachable",
  message: "Offline: this device has no network.",
}
const UPGRADE_REQUIRED = 426

/** Request the WebSocket's address by plain HTTP, to learn why its handshakes fail. */
export async function probe(address: string): Promise<Trouble> {
  let answer: Response
  try {
    answer = await fetch(address)
  } catch {
    return UNREACHABLE
  }
  // this is the server's own answer, so pages get through and only the upgrade was lost
  if (answer.status === UPGRADE_REQUIRED) return BLOCKED
  const { message = "" } = ((await answer.json().catch(() => null)) ?? {}) as { message?: string }
  return { remedy: "later", message: sentence(message) || `The server answered ${answer.status}.` }
}
