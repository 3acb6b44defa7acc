// Shows the devices on which the user is signed in.
import { useEffect, useState } from "preact/hooks"
import { del, get, words } from "../api"
import { ago } from "../lib/times"
import { tell } from "../ui/announce"

interface Login {
  id: string
  device: string
  lastUsedAt: string
  current: boolean
}

export function Logins() {
  const [logins, setLogins] = useState<Login[]>([])
  const load = () =>
    get<{ items: Login[] }>("/user/logins").then(
      ({ items }) => setLogins(items),
      () => undefined,
    )
  useEffect(() => void load(), [])
  const end = (work: Promise<unknown>, said: string) =>
    work.then(
      () => {
        tell(said)
        return load()
      },
      (error: unknown) => tell(words(error)),
    )
  return (
    <section class="card" aria-labelledby="logins">
      <h2 id="logins">Where you are signed in</h2>
      <ul class="plain">
        {logins.map((login) => (
          <li key={login.id} class="invite">
            <span>
              {login.device || "Unknown device"}
              {login.current ? " (this device)" : `, ${ago(login.lastUsedAt)}`}
            </span>
            {!login.current && (
              <button
                type="button"
                class="ghost small"
                onClick={() =>
                  void end(del(`/user/logins/${login.id}`), "That device is signed out")
                }
              >
                Sign out there
              </button>
            )}
          </li>
        ))}
      </ul>
      {logins.some((login) => !login.current) && (
        <p class="actions">
          <button
            type="button"
            onClick={() => void end(del("/user/logins"), "You are signed out everywhere else")}
          >
            Sign out everywhere else
          </button>
        </p>
      )}
    </section>
  )
}
