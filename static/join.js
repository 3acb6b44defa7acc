// The page behind an invite link: says what the invite leads to, and takes a guest or a signed-in user in.

const invite = location.pathname.split("/")[2] ?? ""
const element = (id) => document.getElementById(id)
const show = (id, text) => {
  if (text !== undefined) element(id).textContent = text
  element(id).hidden = false
}

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  })
  const content = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Error(content.message ?? `The server answered ${answer.status}.`)
  return content
}

async function me() {
  const known = await call("GET", "/user/me").catch(() => null)
  if (known) return known
  const refreshed = await call("POST", "/user/refresh").catch(() => null)
  return refreshed?.user ?? null
}

function onSubmit(form, work) {
  element(form).addEventListener("submit", async (event) => {
    event.preventDefault()
    const button = event.submitter
    if (button) button.disabled = true
    element("error").hidden = true
    try {
      await work()
    } catch (error) {
      show("error", error.message)
    }
    if (button) button.disabled = false
  })
}

function entered(session, role) {
  element("as-member").hidden = element("as-guest").hidden = true
  show("about", `You are in, as ${role === "viewer" ? "a viewer" : `an ${role}`}. The session's id is ${session.id}.`)
  show("inside")
  element("snippet").textContent =
    `const provider = new WebsocketProvider(\n  "${location.origin.replace("http", "ws")}/sync", "${session.id}", doc)`
}

async function start() {
  let about
  try {
    about = await call("GET", `/invite/${invite}`)
  } catch (error) {
    show("about", error.message)
    return
  }
  const { session, role, invitedBy } = about
  show("title", session.title)
  show("about", `${invitedBy.username} invites you to ${role === "viewer" ? "watch" : "edit"}.`)
  const user = await me()
  if (user && (!user.guest || user.guestOf === session.id)) {
    show("member-name", user.username)
    show("as-member")
  } else {
    if (user) show("error", `You are a guest of another session as ${user.username}: joining here ends that.`)
    show("as-guest")
  }
  onSubmit("as-member", async () => {
    const joined = await call("POST", `/session/${session.id}/join`, { invite })
    entered(session, joined.role)
  })
  onSubmit("as-guest", async () => {
    const joined = await call("POST", "/user/guest", { name: element("name").value, invite })
    entered(session, joined.role)
  })
}

start()
