// Splits text with escape sequences of terminals into coloured parts. Only colours and bold are
// shown; all other sequences are left out.

export interface Part {
  text: string
  /** the colour's number in the terminal's palette, 0 to 15; null for the usual colour of text */
  colour: number | null
  isBold: boolean
}

/** ESC [ parameters letter, or ESC ] text BEL. */
// eslint-disable-next-line no-control-regex -- escape sequences begin with a control character
const SEQUENCE = /\u001b(?:\[([0-9;?]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g

/** The colour and weight after the parameters of a sequence `m`. */
function styled(before: Omit<Part, "text">, parameters: string): Omit<Part, "text"> {
  let { colour, isBold } = before
  for (const code of parameters.split(";").map(Number))
    if (code === 0) [colour, isBold] = [null, false]
    else if (code === 1) isBold = true
    else if (code === 22) isBold = false
    else if (code >= 30 && code <= 37) colour = code - 30
    else if (code >= 90 && code <= 97) colour = code - 82
    else if (code === 39) colour = null
  return { colour, isBold }
}

export function coloured(text: string): Part[] {
  const parts: Part[] = []
  let style: Omit<Part, "text"> = { colour: null, isBold: false }
  let end = 0
  const add = (until: number) => {
    if (until > end) parts.push({ text: text.slice(end, until), ...style })
  }
  for (const { 0: all, 1: parameters = "", 2: kind, index } of text.matchAll(SEQUENCE)) {
    add(index)
    end = index + all.length
    if (kind === "m") style = styled(style, parameters)
  }
  add(text.length)
  return parts
}
