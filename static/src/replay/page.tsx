import { useEffect, useMemo, useState } from "preact/hooks"
import { get, words } from "../api"
import { MAIN_ROOT, textOf } from "../lib/files"
import { ownName } from "../session/files/table"
import type { Session } from "../types"
import { ReadOnlyText } from "../session/editor/reading"
import { cancellable } from "../ui/cancellable"
import { colourOf } from "../ui/avatar"
import { Problem } from "../ui/problem"
import { Brand, ThemeButton, useTitle } from "../ui/shell"
import { Controls } from "./controls"
import { RunOutput } from "./output"
import { type Page, Player } from "./player"
import { Talk } from "./talk"
import { readTimeline, type Timeline } from "./timeline"
import { Tracks } from "./tracks"

/** The value of a file's option. "" means no file. The "/" is for files whose name is empty. */
const valueOf = (root: string | null) => (root === null ? "" : `/${root}`)
const chosenBy = (value: string) => (value === "" ? null : value.slice(1))

interface PlayingProps {
  id: string
  session: Session
  timeline: Timeline
}

function Playing({ id, session, timeline }: PlayingProps) {
  const player = useMemo(
    () =>
      new Player(timeline.sequence, (from, to) =>
        get<Page>(`/code/${id}/replay?from=${from}&to=${to}`),
      ),
    [id, timeline],
  )
  const [chosen, choose] = useState<string | null>(null)
  useEffect(() => void player.seek(player.total), [player])
  const { files, root, position, others, author, at, sequence, names: called } = player.moment.value
  const marked = useMemo(
    () =>
      author && {
        id: author.id,
        name: author.username,
        color: colourOf(author.id),
        avatar: author.avatar,
      },
    [author],
  )
  const names = Object.keys(files)
  // the files have the names that they had at this moment
  const nameOf = (name: string) => called.get(name)?.name ?? ownName(name)
  const current = chosen ?? (names.includes(root) ? root : (names[0] ?? MAIN_ROOT))
  return (
    <>
      <div class="columns-area">
        <main class="editor-area" id="main" tabIndex={-1}>
          <div class="compare-bar">
            <label>
              File{" "}
              <select
                value={valueOf(chosen)}
                onChange={(event) => choose(chosenBy(event.currentTarget.value))}
              >
                <option value="">Follow the typing</option>
                {[...new Set([...names, ...(chosen === null ? [] : [chosen])])].map((name) => (
                  <option key={name} value={valueOf(name)}>
                    {nameOf(name)}
                    {called.get(name)?.deleted && " (deleted)"}
                  </option>
                ))}
              </select>
            </label>
            {others.length > 0 && (
              <span class="hint">
                Texts are replayed. Not shown, as they are no texts:{" "}
                <bdi>{others.map(nameOf).join(", ")}</bdi>
              </span>
            )}
          </div>
          <ReadOnlyText
            text={textOf(files, current)}
            position={root === current ? position : 0}
            author={root === current ? marked : null}
            language={session.language}
            name={nameOf(current)}
            label="The text at this moment"
            testId="replay-text"
          />
          <RunOutput id={id} marks={timeline.marks} sequence={sequence} />
        </main>
        <Talk id={id} at={at} isAtEnd={sequence === player.total} />
      </div>
      <footer class="player">
        <Controls player={player} timeline={timeline} />
        <Tracks timeline={timeline} />
      </footer>
    </>
  )
}

export default function ReplayPage({ id }: { id: string }) {
  const [session, setSession] = useState<Session | null>(null)
  const [timeline, setTimeline] = useState<Timeline | null>(null)
  const [problem, setProblem] = useState("")
  useTitle("Replay")
  const [attempt, setAttempt] = useState(0)
  const again = () => {
    setProblem("")
    setAttempt((before) => before + 1)
  }
  useEffect(() => {
    const failed = (error: unknown) => setProblem(words(error))
    const stops = [
      cancellable(get<Session>(`/session/${id}`), setSession, failed),
      cancellable(readTimeline(id), setTimeline, failed),
    ]
    return () => stops.forEach((stop) => stop())
  }, [id, attempt])
  return (
    <div class="workspace">
      <header class="bar">
        <Brand />
        <h1 class="bar-title">Replay{session && ` of ${session.title}`}</h1>
        <span class="spring" />
        <a class="button" href={`/s/${id}`}>
          Back to the editor
        </a>
        <ThemeButton />
      </header>
      <Problem text={problem} kind="banner" onAgain={again} />
      {!timeline && !problem && (
        <p class="boot" role="status">
          Reading the timeline…
        </p>
      )}
      {timeline?.sequence === 0 && <p class="boot">Nothing was typed here yet.</p>}
      {session && timeline && timeline.sequence > 0 && (
        <Playing id={id} session={session} timeline={timeline} />
      )}
    </div>
  )
}
