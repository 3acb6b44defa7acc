// Types for the used modules of sucrase, which has no types at these addresses.
declare module "sucrase/dist/esm/parser" {
  export interface Token {
    type: number
    start: number
    end: number
  }
  export function parse(
    code: string,
    isJsx: boolean,
    isTypeScript: boolean,
    isFlow: boolean,
  ): { tokens: Token[] }
}
declare module "sucrase/dist/esm/parser/tokenizer/types" {
  export const TokenType: Readonly<
    Record<"string" | "name" | "_import" | "_export" | "parenL", number>
  >
}
