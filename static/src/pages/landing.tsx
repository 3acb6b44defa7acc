import { useState } from "preact/hooks"
import { startAsGuest } from "../account"
import { words } from "../api"
import { isDark } from "../settings"
import { Failure } from "../ui/problem"
import { Icon, type IconName } from "../ui/icons"
import { Page } from "../ui/shell"
import darkPicture from "./pictures/session-dark.webp"
import lightPicture from "./pictures/session-light.webp"

const USES: { icon: IconName; name: string; text: string }[] = [
  {
    icon: "code",
    name: "Interviews",
    text: "The candidate opens your link and types a name. Solve the problem together, run it, and replay every keystroke afterwards.",
  },
  {
    icon: "class",
    name: "Classes",
    text: "The whole class in one session. You decide who edits and who watches, follow anyone to their line, and see who wrote what.",
  },
  {
    icon: "people",
    name: "Pairs",
    text: "Files, folders and chat in one place. You both go on typing without a network, and your edits merge when you are back.",
  },
]

function Start() {
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState("")
  const start = async () => {
    if (isBusy) return
    setIsBusy(true)
    setProblem("")
    try {
      await startAsGuest()
    } catch (error) {
      setProblem(words(error))
      setIsBusy(false)
    }
  }
  return (
    <>
      <button
        type="button"
        class="primary start-session"
        aria-disabled={isBusy}
        onClick={() => void start()}
      >
        <Icon name="code" />
        Start a session
      </button>
      <Failure text={problem} />
      <p class="meta">No account needed. Create one later, and you keep the session.</p>
    </>
  )
}

function Picture() {
  return (
    <img
      class="product"
      src={isDark.value ? darkPicture : lightPicture}
      width="1120"
      height="470"
      alt="Two people in one session: the code with the cursor of the other person, and the chat"
    />
  )
}

export function LandingPage() {
  return (
    <Page title="Write code together">
      <section class="hero" aria-labelledby="hero">
        <h1 id="hero">Write code together, live.</h1>
        <p>
          A shared code editor in the browser: start a session, send its link, and everyone types,
          runs and talks in the same files.
        </p>
        <Start />
      </section>
      <Picture />
      <ul class="plain uses" aria-label="What it is good for">
        {USES.map(({ icon, name, text }) => (
          <li key={name}>
            <Icon name={icon} size={20} />
            <h2>{name}</h2>
            <p>{text}</p>
          </li>
        ))}
      </ul>
      <p class="own-server">
        Open source, on your own server: one process and one file of data. The server passes a
        keystroke on in half a millisecond, and “Saved” means that it is on disk.
      </p>
    </Page>
  )
}
