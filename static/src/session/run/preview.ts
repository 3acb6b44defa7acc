// Makes one page of an HTML file and the session's files that it uses. It can load nothing else.

type Files = Readonly<Record<string, string>>

const named = (files: Files, address: string | null): string | null => {
  const name = address?.replace(/^\.?\//, "") ?? ""
  return Object.hasOwn(files, name) ? (files[name] ?? null) : null
}

/** Put the content of style sheets, scripts and drawings of the session into the page. */
export function pageOf(files: Files, entry: string): string {
  const page = new DOMParser().parseFromString(files[entry] ?? "", "text/html")
  for (const link of page.querySelectorAll<HTMLLinkElement>("link[rel~=stylesheet]")) {
    const text = named(files, link.getAttribute("href"))
    if (text === null) continue
    const style = page.createElement("style")
    style.textContent = text.replaceAll("</style", "<\\/style")
    link.replaceWith(style)
  }
  for (const script of page.querySelectorAll("script[src]")) {
    const text = named(files, script.getAttribute("src"))
    if (text === null) continue
    script.removeAttribute("src")
    script.textContent = text.replaceAll("</script", "<\\/script")
  }
  for (const image of page.querySelectorAll("img[src]")) {
    const text = named(files, image.getAttribute("src"))
    if (text !== null)
      image.setAttribute("src", `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`)
  }
  return `<!doctype html>\n${page.documentElement.outerHTML}`
}
