import { useEffect, useState } from "preact/hooks"
import { me } from "../account"
import { get } from "../api"
import { query } from "../router"
import type { Session } from "../types"
import { cancellable } from "../ui/cancellable"
import { copy } from "../ui/copy"
import { Page } from "../ui/shell"

/** The id that the examples show until the user chooses a session. */
const PLACEHOLDER = "SESSION_ID"

const connect = (address: string, session: string) => `import * as Y from "yjs"
import { WebsocketProvider } from "y-websocket"

const doc = new Y.Doc()
const provider = new WebsocketProvider("${address}/sync", "${session}", doc, {
  params: { token: accessToken }, // from POST /user/login
})`

const SNIPPETS: [string, string, string][] = [
  [
    "CodeMirror 6",
    "npm install codemirror yjs y-websocket y-codemirror.next",
    `import { basicSetup, EditorView } from "codemirror"
import { yCollab } from "y-codemirror.next"

const text = doc.getText("codemirror")
new EditorView({
  doc: text.toString(),
  extensions: [basicSetup, yCollab(text, provider.awareness)],
  parent: document.querySelector("#editor"),
})`,
  ],
  [
    "Monaco",
    "npm install monaco-editor@0.55 yjs y-websocket y-monaco",
    `import * as monaco from "monaco-editor"
import { MonacoBinding } from "y-monaco"

const editor = monaco.editor.create(document.querySelector("#editor"))
new MonacoBinding(
  doc.getText("codemirror"), editor.getModel(), new Set([editor]), provider.awareness,
)`,
  ],
  [
    "Plain Yjs",
    "npm install yjs y-websocket ws",
    `const text = doc.getText("codemirror")
text.observe(() => console.log(text.toString()))
provider.once("sync", () => text.insert(0, "hello "))
// in Node: import WebSocket from "ws" and add WebSocketPolyfill: WebSocket to the options`,
  ],
]

function Snippet({ title, code }: { title: string; code: string }) {
  return (
    <figure class="snippet">
      <figcaption>
        {title}
        <button type="button" class="ghost small" onClick={() => void copy(code, "code")}>
          Copy<span class="sr-only"> {title}</span>
        </button>
      </figcaption>
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </figure>
  )
}

export default function DevelopersPage() {
  const [sessions, setSessions] = useState<Session[]>([])
  const [session, setSession] = useState(
    () => new URLSearchParams(query.value).get("session") ?? PLACEHOLDER,
  )
  const isSignedIn = !!me.value
  useEffect(() => {
    if (!isSignedIn) return
    const asked = get<{ items: Session[] }>("/session?limit=50")
    return cancellable(
      asked,
      ({ items }) => setSessions(items),
      () => undefined,
    )
  }, [isSignedIn])
  const address = location.origin.replace("http", "ws")
  return (
    <Page title="For developers">
      <h1>Connect an editor of your own</h1>
      <p>
        This server speaks the y-websocket protocol at <code>{address}/sync</code>; the room's name
        is the session's id. Routes, fields and errors are in the <a href="/docs">API reference</a>,
        also as <a href="/openapi.json">OpenAPI</a>.
      </p>
      <label class="field">
        <span>Session</span>
        <select value={session} onChange={(event) => setSession(event.currentTarget.value)}>
          <option value={PLACEHOLDER}>any: fill in the id</option>
          {sessions.map((listed) => (
            <option key={listed.id} value={listed.id}>
              {listed.title}
            </option>
          ))}
          {session !== PLACEHOLDER && !sessions.some((listed) => listed.id === session) && (
            <option value={session}>{session}</option>
          )}
        </select>
      </label>
      <h2>1. Get a token</h2>
      <Snippet
        title="Shell"
        code={`curl ${location.origin}/user/login \\\n  -H 'Content-Type: application/json' \\\n  -d '{"username": "ada", "password": "…"}'`}
      />
      <h2>2. Connect</h2>
      <Snippet title="JavaScript" code={connect(address, session)} />
      <h2>3. Give the text to an editor</h2>
      {SNIPPETS.map(([title, install, code]) => (
        <Snippet key={title} title={title} code={`// ${install}\n${code}`} />
      ))}
    </Page>
  )
}
