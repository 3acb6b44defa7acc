// Returns [name, ratio] for each visible text and field whose contrast is below 4.5 (WCAG 2.2, 1.4.3).
// Unlike axe, this also checks text on a gradient. A gradient without a colour below it counts
// as unreadable.
() => {
  const parse = (color) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data
    return [red, green, blue, alpha / 255]
  }
  const over = (front, back) => front.slice(0, 3).map((part, at) => part * front[3] + back[at] * (1 - front[3]))
  const background = (element) => {
    const layers = []
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one)
      if (style.backgroundImage.includes("gradient")) return null
      const color = parse(style.backgroundColor)
      if (color[3] > 0) layers.push(color)
      if (color[3] === 1) break
    }
    return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255])
  }
  const light = (color) => {
    const [red, green, blue] = color.map((part) => {
      const share = part / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b)
    return (bright + 0.05) / (dark + 0.05)
  }
  const isShown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !element.disabled &&
    element.getClientRects().length > 0
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  const found = []
  for (const element of document.querySelectorAll("body *")) {
    if (!isShown(element) || !(hasText(element) || element.matches("input, textarea, select"))) continue
    const back = background(element)
    const front = back && over(parse(getComputedStyle(element).color), back)
    const contrast = back ? ratio(front, back) : 0
    const name = `${element.tagName.toLowerCase()}.${element.className} ${(element.textContent || element.name).slice(0, 30)}`
    if (contrast < 4.5) found.push([name, Math.round(contrast * 100) / 100])
  }
  return found
}
