const UNITS = ["KiB", "MiB", "GiB", "TiB"]

/**
 * A number of bytes for users: "0 bytes", "1.5 KiB", "12 MiB", "2 GiB".
 *
 * Further digits are cut off and not rounded, so a size below a limit never looks as large as the
 * limit.
 */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`
  let [amount, unit] = [bytes / 1024, 0]
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${amount < 10 ? Math.floor(amount * 10) / 10 : Math.floor(amount)} ${UNITS[unit]}`
}
