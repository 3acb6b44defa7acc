// Keeps WebRTC from the user's page. By such a connection, the author of the page could learn the IP
// address of the user who looks at it, and no policy of a page covers these connections.
//
// Each new document has WebRTC again. The policy of the preview allows no address in a frame, so
// only two kinds of documents are left in which a page could run scripts: the text of a frame
// (`srcdoc`), and the result of a `javascript:` address. Both need a trusted text in browsers with
// Trusted Types, and the functions here decide what is trusted.

interface Rules {
  createHTML: (text: string, type: string, sink: string) => string | null
  createScript: (text: string, type: string, sink: string) => string | null
  createScriptURL: (text: string) => string
}
interface TrustedTypes {
  createPolicy: (name: "default", rules: Rules) => unknown
}

/** XSLT makes elements with any attribute, and no rule sees them. */
const REMOVED = ["RTCPeerConnection", "webkitRTCPeerConnection", "XSLTProcessor"]
/** Places of scripts that run in the same document. All others are addresses. */
const SCRIPTS = /^(eval|Function|Window set(Timeout|Interval)|(HTML|SVG)ScriptElement |Element on)/
const BEGUN = /s(r(c(d(o)?)?)?)?$/i

/**
 * Return markup in which no frame has a text of its own.
 *
 * The name of an attribute has no escapes, so the letters can be searched in any markup. A page
 * may write them in two halves, such as `<iframe src` and `doc=…>`. A NUL after the first half
 * makes it another name, and is ignored between elements.
 */
export const withoutFrames = (markup: string): string =>
  markup.replace(/srcdoc/gi, "src_doc").replace(BEGUN, "$&\0")

/** Remove WebRTC from this window, and the ways to make a document that has it. */
export function removeWebRtc(): void {
  for (const name of REMOVED) Reflect.deleteProperty(window, name)
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes }
  trustedTypes?.createPolicy("default", {
    createHTML: (text, _type, sink) =>
      sink === "HTMLIFrameElement srcdoc" ? null : withoutFrames(text),
    createScript: (text, _type, sink) => (SCRIPTS.test(sink) ? text : null),
    createScriptURL: (text) => text,
  })
}
