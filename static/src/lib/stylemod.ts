// Mounts CodeMirror's styles as constructed style sheets. The content security policy allows no
// <style> elements. Constructed sheets need no nonce, so the page can be a static file.
import { StyleModule as Original } from "../../node_modules/style-mod/src/style-mod.js"

interface Mounted {
  sheet: CSSStyleSheet
  modules: Original[]
}

const mounted = new WeakMap<Document | ShadowRoot, Mounted>()

export class StyleModule extends Original {
  static override mount(root: Document | ShadowRoot, given: Original | readonly Original[]): void {
    const modules = given instanceof Original ? [given] : [...given]
    let state = mounted.get(root)
    if (!state) {
      state = { sheet: new CSSStyleSheet(), modules: [] }
      mounted.set(root, state)
      root.adoptedStyleSheets = [state.sheet, ...root.adoptedStyleSheets]
    }
    if (modules.every((module) => state.modules.includes(module))) return
    // later modules win, so the modules of earlier editors go first
    state.modules = [...state.modules.filter((module) => !modules.includes(module)), ...modules]
    state.sheet.replaceSync(state.modules.map((module) => module.getRules()).join("\n"))
  }
}
