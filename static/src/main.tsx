import { type ComponentType, render } from "preact"
import { Suspense } from "preact/compat"
import { keepSignedIn, me, whoAmI } from "./account"
import { HomePage } from "./home/page"
import { JoinPage } from "./pages/join"
import { LandingPage } from "./pages/landing"
import { SignInPage, SignUpPage } from "./pages/sign"
import { keepApp } from "./lib/worker"
import { followLinks, path } from "./router"
import { applyTheme } from "./settings"
import { Announcer } from "./ui/announcer"
import { Boundary, lazily } from "./ui/boundary"
import { Page } from "./ui/shell"

const SessionPage = lazily(() => import("./session/page"))
const VersionsPage = lazily(() => import("./versions/page"))
const ReplayPage = lazily(() => import("./replay/page"))
const ForgotPage = lazily(() => import("./pages/forgot"))
const ResetPage = lazily(() => import("./pages/reset"))
const ProfilePage = lazily(() => import("./pages/profile"))
const DevelopersPage = lazily(() => import("./pages/developers"))

const inSession = (Body: ComponentType<{ id: string }>) => (id: string) => <Body key={id} id={id} />

const ROUTES: [RegExp, (part: string) => preact.JSX.Element, boolean][] = [
  [/^\/$/, () => (me.value ? <HomePage /> : <LandingPage />), false],
  [/^\/signin$/, () => <SignInPage />, false],
  [/^\/signup$/, () => <SignUpPage />, false],
  [/^\/forgot$/, () => <ForgotPage />, false],
  [/^\/reset$/, () => <ResetPage />, false],
  [/^\/join\/([^/]+)$/, (invite) => <JoinPage key={invite} invite={invite} />, false],
  [/^\/profile$/, () => <ProfilePage />, true],
  [/^\/developers$/, () => <DevelopersPage />, false],
  [/^\/s\/([^/]+)$/, inSession(SessionPage as ComponentType<{ id: string }>), true],
  [/^\/s\/([^/]+)\/versions$/, inSession(VersionsPage as ComponentType<{ id: string }>), true],
  [/^\/s\/([^/]+)\/replay$/, inSession(ReplayPage as ComponentType<{ id: string }>), true],
]

function NotFound() {
  return (
    <Page title="Not found" narrow>
      <h1>Nothing here</h1>
      <p>
        There is no such page. <a href="/">Back to your sessions</a>
      </p>
    </Page>
  )
}

function Route() {
  for (const [pattern, body, needsLogin] of ROUTES) {
    const match = pattern.exec(path.value)
    if (!match) continue
    if (me.value === undefined)
      return (
        <p class="boot" role="status">
          Loading…
        </p>
      )
    return needsLogin && !me.value ? <SignInPage /> : body(decodeURIComponent(match[1] ?? ""))
  }
  return <NotFound />
}

function App() {
  return (
    <>
      <Suspense
        fallback={
          <p class="boot" role="status">
            Loading…
          </p>
        }
      >
        <Boundary key={path.value}>
          <Route />
        </Boundary>
      </Suspense>
      <Announcer />
    </>
  )
}

applyTheme()
followLinks()
keepSignedIn()
void whoAmI()
const root = document.getElementById("app")
if (!root) throw new Error("index.html has no element #app")
root.textContent = ""
render(<App />, root)
if (import.meta.env.PROD) keepApp()
