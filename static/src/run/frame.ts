// The page in the isolated frame. It starts workers, which run the programs, and can always end
// them. It has an origin of its own, without cookies and storage (docs/running-code.md).
import { HELLO, type Order } from "./protocol"
import { Runner } from "./runner"

addEventListener("message", function connect({ data, ports, source }: MessageEvent<unknown>) {
  const [port] = ports
  if (source !== parent || data !== HELLO || !port) return
  removeEventListener("message", connect)
  const runner = new Runner((report, moved = []) => port.postMessage(report, moved))
  port.onmessage = ({ data: order }: MessageEvent<Order>) => {
    if (order.do === "run") void runner.run(order.program)
    else if (order.do === "stop") runner.stop("stopped")
    else if (order.do === "line") runner.answer(order.text)
    else runner.given(order.path, order.bytes)
  }
})

// The address of the parent is not known here. The text contains nothing secret.
parent.postMessage(HELLO, "*")
