// Why there is no connection, in words for people. Knows no screen, no provider and no clock.
import { CLOSE_CODE } from "../../close_codes"

/**
 * What can be done about it:
 * later        nothing: the connection is tried again by itself
 * large        the person makes the document smaller, and it is tried again
 * blocked      the network lets pages through, but no WebSockets; tried again by itself
 * unreachable  the server does not answer at all; tried again by itself
 * signIn       the person signs in again
 * unreadable   the server cannot take what this browser holds, and never will
 * final        the session is not for this person any more
 */
export type Remedy =
  "later" | "large" | "blocked" | "unreachable" | "signIn" | "unreadable" | "final"

export interface Trouble {
  remedy: Remedy
  message: string
  /** the session's saved versions can be read meanwhile */
  hasVersions?: boolean
  /** the text may be brought as new edits: the server refuses those that this browser has */
  canBring?: boolean
}

/**
 * A close code of the table, the codes of browsers and proxies for closes without one, and what to
 * do about each.
 */
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

/** Whether the provider tries again by itself after a close. */
export const comesBack = (code: number): boolean => remedyOf(code) === "later"

/**
 * A code that is not known here comes from a newer server: 4400 to 4499 are final for all Yjs
 * providers.
 */
function remedyOf(code: number): Remedy {
  return REMEDIES[code] ?? (code >= 4400 && code < 4500 ? "final" : "later")
}

/**
 * Whether nothing that is typed from now on can reach the server on this connection or a later one.
 */
export const isFinal = (trouble: Trouble | null): boolean =>
  trouble !== null && ["final", "signIn", "unreadable"].includes(trouble.remedy)

/**
 * What a passed limit means for people, by its name (docs/documents.md); the server's message has
 * the figure.
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
  ["type_depth", "What you inserted has too many things in each other for the server"],
  ["value_depth", "What you inserted has a value with too many levels for the server"],
  ["name_bytes", "What you inserted has a name that is too long for the server"],
  ["work", "One edit would keep the server busy for too long: make it in smaller parts"],
])

/**
 * What a reason means for people, by its word, where the server's message speaks to programmers.
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

/** A close reason is JSON with a message for people; a proxy's is any text. */
function read(reason: string): Reason {
  try {
    const { code = "", message = "", limit = "" } = (JSON.parse(reason) ?? {}) as Partial<Reason>
    return { code, message, limit }
  } catch {
    return { code: "", message: reason.startsWith("{") ? "" : reason, limit: "" }
  }
}

/**
 * Begin with a capital and end with a mark: servers' messages are parts of sentences, some of them.
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
  // the name itself is for programs: it stays in the reason
  const plain = LIMITS.get(limit)
  return plain ? `${plain}. ${told}` : told
}

/** What people are told of a close. */
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
/** The browser itself says so, immediately. */
export const NO_NETWORK: Trouble = {
  remedy: "unreachable",
  message: "Offline: this device has no network.",
}
const UPGRADE_REQUIRED = 426

/** Ask for the address of the WebSocket as for a page, to learn why its handshakes fail. */
export async function probe(address: string): Promise<Trouble> {
  let answer: Response
  try {
    answer = await fetch(address)
  } catch {
    return UNREACHABLE
  }
  // the server itself has answered: only the upgrade did not come through
  if (answer.status === UPGRADE_REQUIRED) return BLOCKED
  const { message = "" } = ((await answer.json().catch(() => null)) ?? {}) as { message?: string }
  return { remedy: "later", message: sentence(message) || `The server answered ${answer.status}.` }
}
