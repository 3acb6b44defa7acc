// Turns CodeMirror's older language modes into extensions. The browser loads this module with the
// first such mode. It is separate, because pages without an editor also need the list of languages.
import { StreamLanguage, type StreamParser } from "@codemirror/language"

export const fromMode = <State>(mode: StreamParser<State>) => StreamLanguage.define(mode)
