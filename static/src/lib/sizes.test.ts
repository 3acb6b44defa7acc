import { expect, it } from "vitest"
import { size } from "./sizes"

const MIB = 1024 * 1024

it.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [1023, "1023 bytes"],
  [1024, "1 KiB"],
  [1536, "1.5 KiB"],
  [9.97 * 1024, "9.9 KiB"],
  [MIB - 1, "1023 KiB"],
  [MIB, "1 MiB"],
  [12.4 * MIB, "12 MiB"],
  [2048 * MIB - 1, "1.9 GiB"],
  [2048 * MIB, "2 GiB"],
  [3 * MIB * MIB, "3 TiB"],
  [5000 * MIB * MIB, "5000 TiB"],
])("says of %d bytes: %s", (bytes, words) => {
  expect(size(bytes)).toBe(words)
})
