// Decides which files of two versions are compared, and finds their names.
import { filesTold, type SessionFile } from "../session/files/table"
import type { Contents } from "./contents"

export interface NamedPair {
  root: string
  name: string
  /** the name in the older version, if it differs */
  oldName?: string
  /** whether the newer version has the file among its deleted ones */
  isDeleted?: boolean
}

/**
 * The files of version `a` and of the newer version `b`, in the order of the newer one. `b` may be
 * null. Files that are deleted in both are left out.
 */
export function pairsOf(a: Contents, b: Contents | null, suffix: string) {
  const [older, newer] = [filesTold(a, suffix), filesTold(b ?? a, suffix)]
  const isListed = ({ root, isDeleted, isText }: SessionFile) =>
    !isDeleted && (!isText || Object.hasOwn(a.files, root) || Object.hasOwn(b?.files ?? {}, root))
  const roots = new Set([...newer, ...older].filter(isListed).map(({ root }) => root))
  const pairs = [...roots].map((root) => {
    const [one, other] = [older, newer].map((files) => files.find((file) => file.root === root))
    return { isText: (other ?? one)?.isText, pair: pairOf(root, one, other) }
  })
  const those = (isText: boolean) =>
    pairs.filter((compared) => compared.isText === isText).map(({ pair }) => pair)
  return { texts: those(true), documents: those(false) }
}

function pairOf(root: string, one?: SessionFile, other?: SessionFile): NamedPair {
  const name = other?.name ?? one?.name ?? root
  const isRenamed = one && !one.isDeleted && other && !other.isDeleted && one.name !== name
  return {
    root,
    name,
    ...(isRenamed && { oldName: one.name }),
    ...(other?.isDeleted && { isDeleted: true }),
  }
}
