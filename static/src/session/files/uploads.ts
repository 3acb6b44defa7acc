// Turns files of the user's computer into files of the session, or says why a file is refused. Zip
// files are unpacked.
import { inFolder, normalName, TakenNames, whyInvalid } from "./names"

const MAX_FILES = 200
/**
 * The most bytes of all texts together, in UTF-8. It is the default of the server's limit for a
 * session.
 */
const MAX_TEXT_BYTES = 1 << 20
/**
 * The most bytes of one zip file. It may be larger than the texts, because it may also have files
 * that are not texts.
 */
const MAX_ZIP_BYTES = 32 << 20

/** A file with its path, before anything was checked. */
export interface Candidate {
  path: string
  bytes: Uint8Array
}

export interface Refused {
  path: string
  why: string
}

export interface Sorted {
  taken: { name: string; text: string }[]
  refused: Refused[]
}

/** Files that systems add to an archive by themselves. */
const IS_EXTRA = /(?:^|\/)(?:__MACOSX\/|\.DS_Store$|Thumbs\.db$)/

/** The text of a file, with "\n" as its line breaks; null if it is not a text. */
function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    // the editor counts a line break as one character
    return text.replace(/\r\n?/g, "\n")
  } catch {
    return null
  }
}

/**
 * Separate the files that can be taken from those that are refused.
 *
 * folder: the folder into which the files go; inUse: the names of the session's present files
 */
export function sorted(
  candidates: readonly Candidate[],
  folder: string,
  inUse: TakenNames,
): Sorted {
  const [taken, refused]: [Sorted["taken"], Refused[]] = [[], []]
  let left = MAX_TEXT_BYTES
  for (const { path, bytes } of candidates) {
    const name = inFolder(folder, normalName(path.replace(/^\.\//, "")))
    const text = textOf(bytes)
    const why =
      taken.length >= MAX_FILES
        ? `There are more than ${MAX_FILES} files.`
        : whyInvalid(name) || whyNoText(text, bytes.length, left)
    if (why || text === null) {
      refused.push({ path, why })
      continue
    }
    left -= bytes.length
    taken.push({ name: inUse.claim(name), text })
  }
  return { taken, refused }
}

function whyNoText(text: string | null, size: number, left: number): string {
  if (text === null) return "It is not a text file in UTF-8."
  return size > left ? "With it, the text would be larger than 1 MiB." : ""
}

/** A file that was picked or dropped, with the folders in which it was. */
export interface Picked {
  path: string
  file: File
}

const isZip = ({ file }: Picked) => /\.zip$/i.test(file.name)

/** Read picked files, and the files in zip files. */
export async function readPicked(
  picked: readonly Picked[],
): Promise<{ candidates: Candidate[]; refused: Refused[] }> {
  const candidates: Candidate[] = []
  const refused: Refused[] = []
  for (const pick of picked) {
    const { path, file } = pick
    if (IS_EXTRA.test(path)) continue
    if (isZip(pick)) {
      const content = await readZip(pick)
      candidates.push(...content.candidates)
      refused.push(...content.refused)
    } else if (file.size > MAX_TEXT_BYTES) refused.push({ path, why: "It is larger than 1 MiB." })
    else candidates.push({ path, bytes: new Uint8Array(await file.arrayBuffer()) })
  }
  return { candidates, refused }
}

/** Read the files in a zip file. A file that is too large is not unpacked. */
async function readZip({ path, file }: Picked) {
  const refused: Refused[] = []
  const no = (why: string) => ({ candidates: [], refused: [{ path, why }] })
  if (file.size > MAX_ZIP_BYTES) return no("A zip file can have 32 MiB.")
  const { unzipSync } = await import("fflate")
  let count = 0
  try {
    const unzipped = unzipSync(new Uint8Array(await file.arrayBuffer()), {
      filter: ({ name, originalSize }) => {
        if (name.endsWith("/") || IS_EXTRA.test(name)) return false
        count += 1
        if (originalSize <= MAX_TEXT_BYTES && count <= MAX_FILES) return true
        const why =
          count > MAX_FILES ? `There are more than ${MAX_FILES} files.` : "It is larger than 1 MiB."
        refused.push({ path: name, why })
        return false
      },
    })
    const candidates = Object.entries(unzipped).map(([name, bytes]) => ({ path: name, bytes }))
    return { candidates, refused }
  } catch {
    return no("This zip file cannot be read.")
  }
}

/** The picked files of a field for files. */
export const pickedOf = (files: FileList): Picked[] =>
  Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }))

/** The dropped files, with those in dropped folders. */
export async function droppedOf(data: DataTransfer): Promise<Picked[]> {
  // the browser empties the list of items after the event, so read it before anything else
  const items = Array.from(data.items, (item) => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }))
  const picked: Picked[] = []
  for (const { entry, file } of items)
    if (entry) await walk(entry, picked)
    // some sources of a drop have no entries, and then the drop has no folders
    else if (file) picked.push({ path: file.name, file })
  return picked
}

/**
 * Add the files of a dropped entry. Stop when there are far more files than the session can take.
 */
async function walk(entry: FileSystemEntry, picked: Picked[]): Promise<void> {
  if (picked.length > 2 * MAX_FILES) return
  const path = entry.fullPath.replace(/^\//, "")
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) =>
      (entry as FileSystemFileEntry).file(done, fail),
    )
    picked.push({ path, file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    // a folder gives its entries in parts, and an empty part at the end
    const part = await new Promise<FileSystemEntry[]>((done, fail) =>
      reader.readEntries(done, fail),
    )
    if (part.length === 0) return
    for (const inner of part) await walk(inner, picked)
  }
}
