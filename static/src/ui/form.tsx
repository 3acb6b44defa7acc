// Forms that show the server's words beside the fields that they are about.
import type { ComponentChildren, TargetedSubmitEvent } from "preact"
import { createContext } from "preact"
import { useContext, useId, useState } from "preact/hooks"
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
}

export function Field({ name, label, hint, value, autofocus, ...rest }: FieldProps) {
  const id = useId()
  const wrong = useContext(Errors)[name]
  const about = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        defaultValue={value}
        autoFocus={autofocus}
        aria-invalid={!!wrong}
        aria-describedby={about}
        {...(rest as object)}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {sentence(label, wrong)}
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
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} defaultValue={value}>
        {options.map(([key, text]) => (
          <option key={key} value={key} selected={key === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}

const isWhole = (text: string) => /^\p{Lu}.*[.!?]$/su.test(text)

/** "User name must have at least 3 characters."; what the server says in a whole sentence stays as it is. */
export const sentence = (label: string, wrong: string[]) =>
  wrong.map((one) => (isWhole(one) ? one : `${label} ${one}.`)).join(" ")

/** A field's value; files are none of these forms' fields. */
export const textOf = (value: FormDataEntryValue | null) => (typeof value === "string" ? value : "")

interface FormProps {
  submit: string
  onSubmit: (values: Record<string, string>) => Promise<unknown>
  children: ComponentChildren
  class?: string
}

export function Form({ submit, onSubmit, children, class: className }: FormProps) {
  const [errors, setErrors] = useState<Record<string, string[]>>({})
  const [general, setGeneral] = useState("")
  const [busy, setBusy] = useState(false)
  const send = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    setBusy(true)
    setGeneral("")
    setErrors({})
    const form = event.currentTarget
    const values = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, textOf(value)]))
    try {
      await onSubmit(values)
    } catch (error) {
      const fields = error instanceof ApiError ? error.fields : {}
      const shown = Object.keys(fields).filter((name) => form.elements.namedItem(name))
      setErrors(fields)
      setGeneral(shown.length ? "" : words(error))
      // after the fields are marked, to the first of them
      setTimeout(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
    }
    setBusy(false)
  }
  return (
    <Errors.Provider value={errors}>
      <form class={className ?? "form"} onSubmit={(event) => void send(event)} noValidate>
        {children}
        {general && (
          <p class="wrong" role="alert">
            {general}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          {submit}
        </button>
      </form>
    </Errors.Provider>
  )
}
