// The rules that ESLint checks in src. Types are used as they are declared, and hooks name all
// their dependencies. `make check` runs ESLint, and `make format` corrects some findings. Each
// exception in a file has its reason.
import eslint from "@eslint/js"
import reactHooks from "eslint-plugin-react-hooks"
import tseslint from "typescript-eslint"

const PLACEHOLDER = "/^(one|found|kept|wanted|there|it|thing)$/"
// A name is the noun. `one` is right next to `other`, where two values of a kind are compared.
const withoutNoun = [
  `VariableDeclarator > Identifier.id[name=${PLACEHOLDER}]`,
  `:function[params.length=1] > Identifier.params[name=${PLACEHOLDER}]`,
  `:function[params.length>1]:not(:has(> Identifier.params[name="other"])) > Identifier.params[name=${PLACEHOLDER}]`,
].map((selector) => ({ selector, message: "Name it by what it is: `member`, `file`, `line`." }))

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", "src/types.ts"] },
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [
      eslint.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    // the plugin knows hooks by their names, so Preact's are checked like React's
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "no-restricted-syntax": ["error", ...withoutNoun],
      // `() => setIsOpen(true)` is how a handler is written, and a number in a text is what is meant
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
)
