// Copying to the clipboard, and saying whether that worked.
import { tell } from "./announce"

/**
 * Return whether the text was copied. Browsers have a clipboard over TLS and on localhost only, and
 * may refuse it.
 */
export async function isCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

/** Copy a text that is on the screen; `what` is what it is called there. */
export async function copy(text: string, what: string): Promise<void> {
  tell(
    (await isCopied(text))
      ? `The ${what} is copied`
      : `Copying is not allowed here: select the ${what}`,
  )
}
