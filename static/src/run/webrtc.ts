// Removes WebRTC from the user's page. Through a WebRTC connection, the author of the page could
// learn the IP address of the user who looks at it. No policy of a page can forbid these
// connections.
//
// Each new document has WebRTC again. The policy of the preview allows no address in a frame. So a
// page could run scripts in only two other kinds of documents: the text of a frame (`srcdoc`), and
// the result of a `javascript:` address. Both need a trusted text in browsers with Trusted Types,
// and the functions here decide what is trusted.

interface Rules {
  createHTML: (text: string, type: string, sink: string) => string | null
  createScript: (text: string, type: string, sink: string) => string | null
  createScriptURL: (text: string) => string
}
interface TrustedTypes {
  createPolicy: (name: "default", rules: Rules) => unknown
}

/**
 * XSLT can make elements with any attribute, and Trusted Types do not check them. So it is removed,
 * too.
 */
const REMOVED = ["RTCPeerConnection", "webkitRTCPeerConnection", "XSLTProcessor"]
/** The uses of a script in which it runs in this document. Any other use is an address. */
const SCRIPTS = /^(eval|Function|Window set(Timeout|Interval)|(HTML|SVG)ScriptElement |Element on)/
const BEGUN = /s(r(c(d(o)?)?)?)?$/i

/**
 * Return markup in which no frame has a text of its own.
 *
 * The name of an attribute has no escapes, so the letters can be searched in any markup. A page may
 * write them in two halves, such as `<iframe src` and `doc=…>`. So a NUL is added after a first
 * half. It makes another name of the attribute, and browsers ignore it between elements.
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
