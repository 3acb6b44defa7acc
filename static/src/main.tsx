import { render } from "preact"
import { Suspense } from "preact/compat"
import { keepSignedIn, me, whoAmI } from "./account"
import { mayBeSignedIn } from "./api"
import { keepApp } from "./lib/worker"
import { LandingPage } from "./pages/landing"
import { followLinks, path } from "./router"
import { applyTheme } from "./settings"
import { Announcer } from "./ui/announcer"
import { Boundary, lazily } from "./ui/boundary"
import { Page } from "./ui/shell"

const HomePage = lazily(() => import("./home/page"))
const SignInPage = lazily(async () => ({ default: (await import("./pages/sign")).SignInPage }))
const SignUpPage = lazily(async () => ({ default: (await import("./pages/sign")).SignUpPage }))
const JoinPage = lazily(() => import("./pages/join"))
const SessionPage = lazily(() => import("./session/page"))
const VersionsPage = lazily(() => import("./versions/page"))
const ReplayPage = lazily(() => import("./replay/page"))
const ForgotPage = lazily(() => import("./pages/forgot"))
const ResetPage = lazily(() => import("./pages/reset"))
const ProfilePage = lazily(() => import("./pages/profile"))
const DevelopersPage = lazily(() => import("./pages/developers"))

/** The first page is a part of the app's first script, so that it is shown without a wait. */
const FirstPage = { load: () => mayBeSignedIn() && HomePage.load() }

/** For each screen: its address, its element, what loads its code, and whether it needs a login. */
const ROUTES: [RegExp, (part: string) => preact.JSX.Element, { load: () => void }, boolean][] = [
  [/^\/$/, () => (me.value ? <HomePage /> : <LandingPage />), FirstPage, false],
  [/^\/signin$/, () => <SignInPage />, SignInPage, false],
  [/^\/signup$/, () => <SignUpPage />, SignUpPage, false],
  [/^\/forgot$/, () => <ForgotPage />, ForgotPage, false],
  [/^\/reset$/, () => <ResetPage />, ResetPage, false],
  [/^\/join\/([^/]+)$/, (code) => <JoinPage key={code} invite={code} />, JoinPage, false],
  [/^\/profile$/, () => <ProfilePage />, ProfilePage, true],
  [/^\/developers$/, () => <DevelopersPage />, DevelopersPage, false],
  [/^\/s\/([^/]+)$/, (id) => <SessionPage key={id} id={id} />, SessionPage, true],
  [/^\/s\/([^/]+)\/versions$/, (id) => <VersionsPage key={id} id={id} />, VersionsPage, true],
  [/^\/s\/([^/]+)\/replay$/, (id) => <ReplayPage key={id} id={id} />, ReplayPage, true],
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
  for (const [pattern, show, , needsLogin] of ROUTES) {
    const match = pattern.exec(path.value)
    if (!match) continue
    if (me.value === undefined)
      return (
        <p class="boot" role="status">
          Loading…
        </p>
      )
    return needsLogin && !me.value ? <SignInPage /> : show(decodeURIComponent(match[1] ?? ""))
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

/**
 * Load the code of the first screen while the server says who is signed in. To wait for that answer
 * first would delay the screen by the time of one request.
 */
function loadFirstScreen(): void {
  const route = ROUTES.find(([pattern]) => pattern.test(path.value))
  if (!route) return
  const [, , screen, needsLogin] = route
  if (needsLogin && !mayBeSignedIn()) SignInPage.load()
  else screen.load()
}

applyTheme()
followLinks()
keepSignedIn()
void whoAmI()
loadFirstScreen()
const root = document.getElementById("app")
if (!root) throw new Error("index.html has no element #app")
root.textContent = ""
render(<App />, root)
if (import.meta.env.PROD) keepApp()
