// Decides whether a run of this browser may stay on the screen. A redaction removes texts from the
// server's runs, but no message says which texts.
import type { Run } from "../../types"
import type { KeptRuns } from "./kept"
import type { Shown } from "./shown"

/** All texts of a run that a redaction can change. */
const textsOf = ({ name, stdin, stdout, stderr, tests }: Run) =>
  JSON.stringify([name, stdin, stdout, stderr, tests])

/**
 * Whether the screen may still show a run of this browser.
 *
 * reported    the run as the server first had it; null if the server has not kept it
 * isRedacted  whether it is known that texts were removed. If it is not, a run that cannot be
 *             compared stays
 */
export async function mayStay(
  known: KeptRuns,
  reported: Run | null,
  isRedacted: boolean,
): Promise<boolean> {
  if (!reported) return !isRedacted
  try {
    const now = await known.now(reported.number)
    return now !== undefined && textsOf(now) === textsOf(reported)
  } catch {
    return !isRedacted
  }
}

/** Whether a run shows anything that may have been removed. */
export const hasOutput = ({ pieces, pictures, page }: Shown): boolean =>
  pieces.length > 0 || pictures.length > 0 || page !== null

/** Why the output of a run of this browser is gone. */
export const whyRemoved = (reported: Run | null): string =>
  "Text was removed from this session, so the output is not shown here any more. " +
  (reported ? "The history has what is left of this run." : "Run the program again to see it.")
