// The page that shows a user's HTML. It has an origin of its own, and can load nothing from any
// host. The page that it gets replaces this one.
import { HELLO } from "./protocol"

addEventListener("message", function show({ data, source }: MessageEvent<unknown>) {
  if (source !== parent || typeof data !== "string") return
  removeEventListener("message", show)
  // A policy does not cover these connections, and a page that is shown needs none.
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"])
    Reflect.deleteProperty(window, name)
  document.open()
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- only this keeps policy and origin
  document.write(data)
  document.close()
})

parent.postMessage(HELLO, "*")
