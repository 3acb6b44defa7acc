// Compares the output of a program with the output that a test expects.

/** The text without white space at the ends of lines, and without a final newline. */
const relevant = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/\n$/, "")

export const isSame = (expected: string, actual: string) => relevant(expected) === relevant(actual)
