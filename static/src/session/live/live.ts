// An open session: its document, its chat, and the news about other people. It uses no screen.
import { computed, signal } from "@preact/signals"
import type { Documents } from "../../lib/documents"
import { MAIN_ROOT } from "../../lib/files"
import { suffixOf } from "../../lib/languages"
import { announce, tell } from "../../ui/announce"
import { FileChanges } from "../files/changes"
import { filesOf, filesTold, type SessionFile } from "../files/table"
import { WatchedTable } from "../files/watched"
import { ChatLog } from "../panels/chatlog"
import { Collaboration, type Note, type Participant } from "./collab"
import { presentPosition } from "../run/position"
import { Runs } from "../run/runs"
import { Tests } from "../run/tests/tests"
import type { SessionState } from "./state"
import { type Contents, type Names, readLive, readNames, readTexts } from "./texts"

const CHAT_RETRY_MS = 2000
/** How long the page collects changes of a shown map or list before it reads the root again. */
const DOCUMENTS_AFTER_MS = 3000
/**
 * The page requests a preview only if opening takes longer than this, because then something is
 * wrong.
 */
const PREVIEW_AFTER_MS = 800
const PREVIEW_EVERY_MS = 15_000
/** The largest number of characters of a message in the notice while the chat is closed. */
const TOLD = 140

/** Announce who has joined or left. The caller leaves out this user's own tabs. */
function announcePeople(before: Participant[], now: Participant[]): void {
  for (const person of now)
    if (!before.some((other) => other.id === person.id)) announce(`${person.name} joined`)
  for (const person of before)
    if (!now.some((other) => other.id === person.id)) announce(`${person.name} left`)
}

/** Add the main file to a preview. Each session has it, even if its text has not arrived yet. */
function withMain(preview: Contents | null): Contents {
  const { files = {}, documents = {}, names } = preview ?? {}
  const hasMain = names?.some(({ root }) => root === MAIN_ROOT) ?? true
  return {
    files: { [MAIN_ROOT]: "", ...files },
    documents,
    ...(names && hasMain && { names }),
  }
}

export class LiveSession {
  readonly collab: Collaboration
  readonly log: ChatLog
  readonly runs: Runs
  readonly tests: Tests
  /**
   * the server's texts, shown read-only until the document is ready; null if they are not known
   */
  readonly preview = signal<Contents | null>(null)
  /** the content of the other roots in the server's last answer */
  readonly documents = signal<Documents>({})
  /** why the roots' names or contents could not be read; null if they could */
  readonly problem = signal<unknown>(null)
  /** the seconds by which the server is behind with this user's edits, in its last report */
  readonly behindS = signal(0)
  private readonly watched: WatchedTable
  /** all files in their order, also the deleted ones */
  readonly files = computed((): SessionFile[] => {
    const { ready, roots, others } = this.collab
    const suffix = suffixOf(this.state.session.value?.language ?? "")
    if (!ready.value) return filesTold(withMain(this.preview.value), suffix)
    const table = this.watched.table.value
    return filesOf({ table, texts: roots.value, others: others.value }, suffix)
  })
  readonly changes: FileChanges
  private readonly stopWatching: () => void
  private previewing: number
  private isDestroyed = false

  constructor(
    readonly state: SessionState,
    private readonly myId: string,
  ) {
    this.log = new ChatLog(state.id, state.session.peek()?.unread ?? 0, () => document.hidden)
    document.addEventListener("visibilitychange", this.tabChanged)
    this.collab = new Collaboration(state.id, myId, {
      connected: () => this.connected(),
      noted: (note) => this.noted(note),
    })
    this.watched = new WatchedTable(this.collab.doc)
    this.changes = new FileChanges(this.collab.doc, () => this.files.peek())
    this.tests = new Tests(state.id)
    this.runs = new Runs(
      state.id,
      myId,
      (told) => this.collab.say("run", told),
      () => presentPosition(state.id, this.collab.saveState),
    )
    let before: Participant[] = []
    this.stopWatching = this.collab.people.subscribe((now) => {
      this.peopleChanged(before, now)
      before = now
    })
    if (this.collab.wasBrought) tell("Your text was sent again as new edits")
    this.previewing = window.setTimeout(() => void this.loadPreview(), PREVIEW_AFTER_MS)
  }

  destroy(): void {
    this.isDestroyed = true
    clearTimeout(this.previewing)
    document.removeEventListener("visibilitychange", this.tabChanged)
    this.stopWatching()
    this.runs.destroy()
    this.tests.destroy()
    this.collab.destroy()
  }

  private readonly tabChanged = () => this.log.tabChanged()

  /** Read everything again, because the page may have missed changes without a connection. */
  private connected(): void {
    void this.findRoots()
    this.loadChat()
    void this.state.reload()
    void this.readTests()
    void this.checkPrograms(() => this.runs.reconnected(), false)
  }

  /**
   * Read runs again after a redaction, or when one may have been missed. If they cannot be read, the
   * history says why, and shows none.
   */
  private async checkPrograms(read: () => Promise<void>, isRedacted: boolean): Promise<void> {
    await read().catch(() => undefined)
    await this.tests.checkResults(this.runs.kept, isRedacted)
  }

  /** Read the tests. If that fails, they are read when a test changes next. */
  private readTests(): Promise<void> {
    return this.tests.noted().catch(() => undefined)
  }

  private noted(note: Note): void {
    if (note.about === "session") {
      void this.state.reload()
      return
    }
    if (note.about === "slowed") {
      this.behindS.value = note.seconds
      return
    }
    if (note.about === "run") {
      // if the run cannot be read now, the history shows it later
      this.runs.noted(note.number).catch(() => undefined)
      return
    }
    if (note.about === "runs") {
      void this.checkPrograms(() => this.runs.changed(), true)
      return
    }
    if (note.about === "tests") {
      void this.readTests()
      return
    }
    const { sender, message } = note.message
    if (!this.log.add(note.message) || sender.id === this.myId) return
    const said = `${sender.username}: ${message}`
    const letters = Array.from(said)
    if (this.log.isSeen) announce(said)
    else tell(letters.length > TOLD ? `${letters.slice(0, TOLD).join("")}…` : said)
  }

  private peopleChanged(before: Participant[], now: Participant[]): void {
    const isOther = (person: Participant) => person.id !== this.myId
    announcePeople(before.filter(isOther), now.filter(isOther))
    const members = this.state.session.peek()?.members ?? []
    const isMember = (person: Participant) =>
      members.some((member) => member.id === person.id && member.username === person.name)
    const wasHere = (person: Participant) =>
      before.some((other) => other.id === person.id && other.name === person.name)
    if (now.some((person) => !isMember(person) && !wasHere(person))) void this.state.reload()
    const roots = this.files.peek().map(({ root }) => root)
    if (now.some((person) => person.root !== undefined && !roots.includes(person.root)))
      void this.findRoots()
  }

  /**
   * Read the names of all roots. Only the server knows the texts that this page has not opened yet,
   * and the roots that are not texts.
   */
  private findRoots(): Promise<void> {
    return this.learnNames(() => readNames(this.state.id))
  }

  /**
   * Read the content of the other roots. The answer also has all texts, so this is done only while
   * such a root is shown.
   */
  private readDocuments(): Promise<void> {
    return this.learnNames(async () => {
      const { files, documents } = await readLive(this.state.id)
      if (!this.isDestroyed) this.documents.value = documents
      return { texts: Object.keys(files), others: Object.keys(documents) }
    })
  }

  private async learnNames(read: () => Promise<Names>): Promise<void> {
    try {
      const { texts, others } = await read()
      if (this.isDestroyed) return
      this.problem.value = null
      this.collab.nameOthers(others)
      this.collab.addRoots(texts)
    } catch (error) {
      // the next connection asks again
      this.problem.value = error
    }
  }

  /**
   * Keep the content of other roots up to date while one is shown. Return a function to stop this.
   */
  watchDocuments(): () => void {
    let timer = 0
    const changed = () => {
      timer ||= window.setTimeout(() => {
        timer = 0
        void this.readDocuments()
      }, DOCUMENTS_AFTER_MS)
    }
    void this.readDocuments()
    this.collab.doc.on("update", changed)
    return () => {
      clearTimeout(timer)
      this.collab.doc.off("update", changed)
    }
  }

  private async loadPreview(): Promise<void> {
    if (this.isDestroyed || this.collab.ready.peek()) return
    this.preview.value = (await readTexts(this.state.id)) ?? this.preview.peek()
    this.previewing = window.setTimeout(() => void this.loadPreview(), PREVIEW_EVERY_MS)
  }

  private loadChat(): void {
    this.log.load().catch(() =>
      setTimeout(() => {
        if (!this.isDestroyed && this.collab.provider.wsconnected) this.loadChat()
      }, CHAT_RETRY_MS),
    )
  }
}
