// Copies text to the clipboard, and tells the user whether that worked.
import { tell } from "./announce"

/**
 * Copy a text, and return whether that worked. Browsers have a clipboard only over TLS and on
 * localhost, and may refuse it.
 */
export async function isCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

/** Copy a text that is on the screen, and tell the user. `what` is the text's name there. */
export async function copy(text: string, what: string): Promise<void> {
  tell(
    (await isCopied(text))
      ? `The ${what} is copied`
      : `Copying is not allowed here: select the ${what}`,
  )
}
