// The user's settings, which are kept in this browser.
import { effect, signal } from "@preact/signals"

function kept<T extends string | number | boolean>(
  name: string,
  initial: T,
  allowed?: readonly T[],
) {
  const stored = localStorage.getItem(`settings.${name}`)
  let value = initial
  try {
    const read = stored === null ? initial : (JSON.parse(stored) as T)
    if (typeof read === typeof initial && (!allowed || allowed.includes(read))) value = read
  } catch {
    // the stored text is not JSON: use the default
  }
  const setting = signal<T>(value)
  effect(() => localStorage.setItem(`settings.${name}`, JSON.stringify(setting.value)))
  return setting
}

export const theme = kept<string>("theme", "system", ["system", "light", "dark"])
export const fontSize = kept<number>("fontSize", 14, [12, 13, 14, 15, 16, 18, 20, 24])
export const tabSize = kept<number>("tabSize", 4, [2, 4, 8])
export const keys = kept<string>("keys", "default", ["default", "vim"])
/** Whether a new session shows its owner the first steps. */
export const showsStart = kept<boolean>("showsStart", true)
/**
 * Whether the list of files is shown, in windows that have room for it next to the text. The default
 * is true if there is also room for the chat and for some 80 columns of text.
 */
export const showsFiles = kept<boolean>("showsFiles", innerWidth > 1200)

/** A remembered size in pixels, and its bounds. */
function size(name: string, initial: number, least: number, most: number) {
  const px = kept<number>(name, initial)
  const resize = (pixels: number) => {
    px.value = pixels
  }
  return { px, resize, initial, least, most }
}

/** The sizes of the panels around the text. Style sheets also bound them by the window's size. */
export const sizes = {
  files: size("filesWidth", 220, 160, 480),
  side: size("sideWidth", 320, 240, 640),
  output: size("outputHeight", 280, 140, 800),
}
/** The seconds after which a program is stopped. */
export const runLimitS = kept<number>("runLimitS", 10, [10, 30, 60])
export const wraps = kept<boolean>("wraps", false)

const prefersDark = matchMedia("(prefers-color-scheme: dark)")
export const isDark = signal(false)

export function applyTheme(): void {
  const apply = () => {
    isDark.value = theme.value === "dark" || (theme.value === "system" && prefersDark.matches)
    document.documentElement.dataset.theme = isDark.value ? "dark" : "light"
  }
  prefersDark.addEventListener("change", apply)
  effect(apply)
}

export const nextTheme = () => {
  theme.value = isDark.value ? "light" : "dark"
}
