/** A field's value as text. These forms have no fields for files. */
export const fieldText = (value: FormDataEntryValue | null) =>
  typeof value === "string" ? value : ""
