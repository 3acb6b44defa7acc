// Forms that show the server's messages next to the fields concerned.
import type { ComponentChildren, TargetedSubmitEvent } from "preact"
import { createContext } from "preact"
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks"
import { ApiError, words } from "../api"
import { Failure } from "./problem"
import { fieldText } from "../lib/fields"

const Errors = createContext<Record<string, string[]>>({})

interface FieldProps {
  name: string
  label: string
  type?: string
  value?: string
  hint?: string
  autocomplete?: string
  maxLength?: number
  required?: boolean
  placeholder?: string
  autofocus?: boolean
  /** the message if the field is required and was left empty */
  empty?: string
}

export function Field({ name, label, hint, value, autofocus, empty, ...rest }: FieldProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  // HTML's attribute `autofocus` works only once in a page's life.
  useEffect(() => {
    if (autofocus) input.current?.focus()
  }, [autofocus])
  const wrong = useContext(Errors)[name]
  const about =
    [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        defaultValue={value}
        ref={input}
        aria-invalid={!!wrong}
        aria-describedby={about}
        {...(rest as object)}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <Wrong id={`${id}-wrong`} label={label} wrong={wrong} empty={empty} />
    </div>
  )
}

/** The field for a password that the user chooses. */
export const NewPassword = (props: Pick<FieldProps, "name" | "label" | "autofocus">) => (
  <Field
    {...props}
    type="password"
    autocomplete="new-password"
    hint="At least 10 characters. Several random words work well."
  />
)

interface WrongProps {
  id: string
  label: string
  wrong: string[] | undefined
  empty?: string | undefined
}

function Wrong({ id, label, wrong, empty }: WrongProps) {
  if (!wrong) return null
  return (
    <p class="wrong" id={id}>
      {sentence(label, wrong, empty)}
    </p>
  )
}

export function Choice({
  name,
  label,
  value,
  options,
}: {
  name: string
  label: string
  value?: string
  options: [string, string][]
}) {
  const id = useId()
  const wrong = useContext(Errors)[name]
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        name={name}
        defaultValue={value}
        aria-invalid={!!wrong}
        aria-describedby={wrong && `${id}-wrong`}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key} selected={key === value}>
            {text}
          </option>
        ))}
      </select>
      <Wrong id={`${id}-wrong`} label={label} wrong={wrong} />
    </div>
  )
}

const isWhole = (text: string) => /^\p{Lu}.*[.!?]$/su.test(text)
/** The server's messages about a field without content. */
const IS_EMPTY = /^(?:is required|may not be empty)$/

/**
 * Sentences about a field, such as "User name must have at least 3 characters." If the server's
 * message is already a whole sentence, it stays unchanged.
 *
 * empty: the message to use instead if the field was left empty
 */
export const sentence = (label: string, wrong: string[], empty = "") =>
  wrong
    .map(
      (message) =>
        (IS_EMPTY.test(message) && empty) || (isWhole(message) ? message : `${label} ${message}.`),
    )
    .join(" ")

interface FormProps {
  submit: string
  onSubmit: (values: Record<string, string>) => Promise<unknown>
  /** whether the fields are reset after a success, as for passwords */
  clears?: boolean
  /** the importance of the button: a class of buttons */
  kind?: "primary" | "danger" | ""
  children: ComponentChildren
  class?: string
}

export function Form({
  submit,
  onSubmit,
  children,
  clears = false,
  kind = "primary",
  class: className,
}: FormProps) {
  const [errors, setErrors] = useState<Record<string, string[]>>({})
  const [general, setGeneral] = useState("")
  const [busy, setBusy] = useState(false)
  const id = useId()
  const send = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setGeneral("")
    setErrors({})
    const form = event.currentTarget
    const values = Object.fromEntries(
      [...new FormData(form)].map(([key, value]) => [key, fieldText(value)]),
    )
    try {
      await onSubmit(values)
      if (clears) form.reset()
    } catch (error) {
      const fields = error instanceof ApiError ? error.fields : {}
      const names = Object.keys(fields)
      const areShown = names.length > 0 && names.every((name) => form.elements.namedItem(name))
      setErrors(fields)
      setGeneral(areShown ? "" : words(error))
      // when they are rendered, focus the first wrong field, or the message
      setTimeout(() =>
        form.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]')?.focus(),
      )
    }
    setBusy(false)
  }
  return (
    <Errors.Provider value={errors}>
      <form class={className ?? "form"} onSubmit={(event) => void send(event)} noValidate>
        {children}
        <Failure id={id} text={general} />
        {/* a disabled button would lose the focus */}
        <button
          type="submit"
          class={kind}
          aria-disabled={busy}
          aria-describedby={general ? id : undefined}
        >
          {submit}
        </button>
      </form>
    </Errors.Provider>
  )
}
