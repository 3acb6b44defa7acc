import { useMemo } from "preact/hooks"
import { Avatar, colourOf } from "../ui/avatar"
import { type Author, type Timeline, track } from "./timeline"

const PARTS = 300

function Track({ author, timeline }: { author: Author; timeline: Timeline }) {
  const path = useMemo(() => {
    const heights = track(timeline.entries, author.id, timeline.sequence, PARTS)
    return heights
      .map((height, part) =>
        height ? `M${part},10v${(-10 * height).toFixed(2)}h1v${(10 * height).toFixed(2)}z` : "",
      )
      .join("")
  }, [author.id, timeline])
  return (
    <li class="track">
      <span class="track-who">
        <Avatar person={author} size={20} /> {author.username}
      </span>
      <svg viewBox={`0 0 ${PARTS} 10`} preserveAspectRatio="none" aria-hidden="true">
        <path d={path} fill={colourOf(author.id)} />
      </svg>
      <span class="hint">
        {author.edits.toLocaleString("en")} edits, +{author.inserted.toLocaleString("en")} −
        {author.deleted.toLocaleString("en")}
      </span>
    </li>
  )
}

/** A line for each person: when they typed, and how much. */
export function Tracks({ timeline }: { timeline: Timeline }) {
  return (
    <ul class="tracks plain" aria-label="Who typed when">
      {timeline.authors.map((author) => (
        <Track key={author.id} author={author} timeline={timeline} />
      ))}
    </ul>
  )
}

/** Marks above the slider, at the moments to jump to. */
export function Marks({ timeline }: { timeline: Timeline }) {
  return (
    <svg class="marks" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      {timeline.marks.map((mark, index) => (
        <rect
          key={index}
          class={`mark-${mark.kind}`}
          x={(mark.sequence / Math.max(1, timeline.sequence)) * 998}
          y="0"
          width="2"
          height="10"
        >
          <title>{mark.label}</title>
        </rect>
      ))}
    </svg>
  )
}

/**
 * The colours of the legend. Each has the kind of mark that shows it, a text, and all kinds of
 * marks that have it.
 */
const COLOURS: [string, string, (kind: string) => boolean][] = [
  ["manual", "saved version", (kind) => kind === "manual" || kind === "final"],
  ["paste", "paste, or text taken out", (kind) => kind === "paste" || kind === "redacted"],
  [
    "auto",
    "other version, message, run, or change of files",
    (kind) => !["manual", "final", "paste", "redacted"].includes(kind),
  ],
]

/** The legend. It lists only colours that marks on this timeline have. */
export function Legend({ timeline }: { timeline: Timeline }) {
  const kinds = new Set(timeline.marks.map((mark) => mark.kind))
  return (
    <ul class="legend plain" aria-label="Colours of the marks">
      {COLOURS.filter(([, , has]) => [...kinds].some(has)).map(([kind, name]) => (
        <li key={kind}>
          <svg class="marks-sample" viewBox="0 0 10 10" aria-hidden="true">
            <rect class={`mark-${kind}`} width="10" height="10" />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  )
}
