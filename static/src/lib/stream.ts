// Turns CodeMirror's older language modes into extensions. It is a module of its own, loaded with
// the first such mode: the list of languages is on pages without an editor too.
import { StreamLanguage, type StreamParser } from "@codemirror/language"

export const fromMode = <State>(mode: StreamParser<State>) => StreamLanguage.define(mode)
