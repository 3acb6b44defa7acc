import qrcode from "qrcode-generator"

/** A QR code as one SVG path. Black on white in both themes: many cameras do not read the reverse. */
export function QrCode({ text }: { text: string }) {
  const code = qrcode(0, "M")
  code.addData(text)
  code.make()
  const size = code.getModuleCount()
  let path = ""
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      if (code.isDark(row, column)) path += `M${column + 2},${row + 2}h1v1h-1z`
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size + 4} ${size + 4}`}
      role="img"
      aria-label="QR code of the link"
      shape-rendering="crispEdges"
    >
      <rect width="100%" height="100%" fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
