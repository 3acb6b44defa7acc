const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" })
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
]

/** "5 minutes ago", "yesterday"; a date after more than 14 days. */
export function ago(text: string, now = Date.now()): string {
  const passed = now - Date.parse(text)
  if (passed > 14 * 86_400_000) return new Date(text).toLocaleDateString()
  for (const [unit, ms] of UNITS)
    if (Math.abs(passed) >= ms) return relative.format(-Math.round(passed / ms), unit)
  return "just now"
}

/** A duration for users: "40 seconds", "2 minutes". */
export function lasting(seconds: number): string {
  const [count, unit] =
    seconds < 90 ? [Math.round(seconds), "second"] : [Math.round(seconds / 60), "minute"]
  return `${count} ${unit}${count === 1 ? "" : "s"}`
}

const DAY_MS = 86_400_000

/**
 * The time at which something ends, such as "14:05". If that is more than a day away, the date,
 * such as "5 Dec".
 */
export const until = (text: string, now = Date.now()) =>
  Date.parse(text) - now < DAY_MS
    ? clock(text)
    : new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short" })

export const clock = (text: string) =>
  new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
export const full = (text: string) => new Date(text).toLocaleString()
