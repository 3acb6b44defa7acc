// Forms that show the server's messages next to the fields that they are about.
import type { ComponentChildren, TargetedSubmitEvent } from "preact"
import { createContext } from "preact"
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks"
import { ApiError, words } from "../api"

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
  /** the message if it was left empty and may not be */
  empty?: string
}

export function Field({ name, label, hint, value, autofocus, empty, ...rest }: FieldProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  // The attribute of HTML moves the focus only once in the life of a page.
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

/**
 * Why something failed. It can have the focus, which a button loses when it goes or is moved.
 *
 * Its place is always there: Preact would move the elements after a new paragraph, and the focus
 * would be lost.
 */
export function Problem({ id, text }: { id?: string; text: string }) {
  return (
    <div class="problem">
      {text && (
        <p class="wrong" role="alert" id={id} tabIndex={-1}>
          {text}
        </p>
      )}
    </div>
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
/** What the server says of a field without content. */
const IS_EMPTY = /^(?:is required|may not be empty)$/

/**
 * "User name must have at least 3 characters."; what the server says in a whole sentence stays as
 * it is.
 *
 * empty: the message instead, if the field was left empty
 */
export const sentence = (label: string, wrong: string[], empty = "") =>
  wrong
    .map((one) => (IS_EMPTY.test(one) && empty) || (isWhole(one) ? one : `${label} ${one}.`))
    .join(" ")

/** A field's value; files are none of these forms' fields. */
export const textOf = (value: FormDataEntryValue | null) => (typeof value === "string" ? value : "")

interface FormProps {
  submit: string
  onSubmit: (values: Record<string, string>) => Promise<unknown>
  /** whether its fields are as at the beginning again after it was sent, such as passwords */
  clears?: boolean
  /** how much its button asks for: a class of buttons */
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
      [...new FormData(form)].map(([key, value]) => [key, textOf(value)]),
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
      // after they are there, to the first wrong field, or to the message
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
        <Problem id={id} text={general} />
        {/* a button that is disabled loses the focus */}
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
