// The page that shows a user's HTML. It has an origin of its own, and cannot load anything from a
// host. The user's page replaces this one.
import { fileOf } from "./paths"
import { HELLO, type Preview } from "./protocol"
import { removeWebRtc } from "./webrtc"

type Files = Readonly<Record<string, string>>

/** The text of the file that the attribute of an element names; null if there is none. */
function named(files: Files, entry: string, address: string | null): string | null {
  const name = fileOf(address ?? "", entry)
  return name !== null && Object.hasOwn(files, name) ? (files[name] ?? null) : null
}

/**
 * Replace links to the session's style sheets, scripts and drawings by the content of these files.
 */
function pageOf(files: Files, entry: string): string {
  const page = new DOMParser().parseFromString(files[entry] ?? "", "text/html")
  for (const link of page.querySelectorAll<HTMLLinkElement>("link[rel~=stylesheet]")) {
    const text = named(files, entry, link.getAttribute("href"))
    if (text === null) continue
    const style = page.createElement("style")
    style.textContent = text.replaceAll("</style", "<\\/style")
    link.replaceWith(style)
  }
  for (const script of page.querySelectorAll("script[src]")) {
    const text = named(files, entry, script.getAttribute("src"))
    if (text === null) continue
    script.removeAttribute("src")
    script.textContent = text.replaceAll("</script", "<\\/script")
  }
  for (const image of page.querySelectorAll("img[src]")) {
    const text = named(files, entry, image.getAttribute("src"))
    if (text !== null)
      image.setAttribute("src", `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`)
  }
  return `<!doctype html>\n${page.documentElement.outerHTML}`
}

addEventListener("message", function show({ data, source }: MessageEvent<Preview>) {
  if (source !== parent) return
  removeEventListener("message", show)
  removeWebRtc()
  document.open()
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- only this keeps policy and origin
  document.write(pageOf(data.files, data.entry))
  document.close()
})

parent.postMessage(HELLO, "*")
