import type { ComponentChildren } from "preact"
import { useEffect } from "preact/hooks"
import { me, signOut } from "../account"
import { path, wasOpened, withNext } from "../router"
import { isDark, nextTheme } from "../settings"
import { Avatar } from "./avatar"
import { Icon } from "./icons"

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Collab` : "Collab"
  }, [title])
  // The focused link is gone with its page. So the new page must take the focus, unless one of its
  // fields already has it.
  useEffect(() => {
    if (!wasOpened() || document.activeElement !== document.body) return
    document.querySelector<HTMLElement>("#main, #editor")?.focus({ preventScroll: true })
  }, [])
}

export function ThemeButton() {
  const label = isDark.value ? "Switch to the light theme" : "Switch to the dark theme"
  return (
    <button type="button" class="icon" aria-label={label} title={label} onClick={nextTheme}>
      <Icon name={isDark.value ? "sun" : "moon"} />
    </button>
  )
}

export function Brand() {
  return (
    <a class="brand" href="/" aria-label="Collab, home">
      <img src="/static/icon.svg" alt="" width="24" height="24" />
      <span>Collab</span>
    </a>
  )
}

function Account() {
  const user = me.value
  if (!user)
    return (
      <>
        <a class="button ghost" href={withNext("/signin")}>
          Sign in
        </a>
        <a class="button" href={withNext("/signup")}>
          Create account
        </a>
      </>
    )
  return (
    <>
      <a class="button ghost person" href="/profile">
        <Avatar person={user} size={24} />
        <span>
          {user.username}
          <span class="sr-only">, your profile</span>
        </span>
      </a>
      <button type="button" class="ghost" onClick={() => void signOut()}>
        Sign out
      </button>
    </>
  )
}

/** The frame of every page, except the editor and the player, which fill the screen. */
export function Page({
  title,
  children,
  narrow,
}: {
  title: string
  children: ComponentChildren
  narrow?: boolean
}) {
  useTitle(title)
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <Brand />
        <nav aria-label="Main" class={me.value ? undefined : "signed-out"}>
          <a href="/developers" aria-current={path.value === "/developers" ? "page" : undefined}>
            Developers
          </a>
          <a href="/docs">API</a>
          <ThemeButton />
          <Account />
        </nav>
      </header>
      <main id="main" tabIndex={-1} class={narrow ? "page narrow" : "page"}>
        {children}
      </main>
    </>
  )
}
