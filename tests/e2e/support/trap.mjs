// A copy of a WebAssembly module in which one exported function ends as a panic does: its body is `unreachable`.

/** `bytes` with the body of the export `name` replaced; nothing else moves, since the body keeps its length. */
export function trap(bytes, name) {
  const copy = Uint8Array.from(bytes)
  let at = 8
  const number = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = copy[at++]
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  const text = () => {
    const length = number()
    at += length
    return Buffer.from(copy.subarray(at - length, at)).toString()
  }
  let imported = 0
  let wanted
  while (at < copy.length) {
    const section = copy[at++]
    const length = number()
    const end = at + length
    if (section === 2) {
      for (let left = number(); left > 0; left--) {
        text()
        text()
        if (copy[at++] !== 0) throw new Error('The module imports something else than functions.')
        number()
        imported++
      }
    } else if (section === 7) {
      for (let left = number(); left > 0; left--) {
        const exported = text()
        const kind = copy[at++]
        const index = number()
        if (kind === 0 && exported === name) wanted = index - imported
      }
    } else if (section === 10) {
      if (wanted === undefined) break
      for (let left = number(), body = 0; left > 0; left--, body++) {
        const size = number()
        if (body === wanted) {
          // No locals; then `unreachable`, as many `nop`, and the end.
          copy.fill(0x01, at, at + size)
          copy.set([0x00, 0x00], at)
          copy[at + size - 1] = 0x0b
          return copy
        }
        at += size
      }
    }
    at = end
  }
  throw new Error(`The module exports no function ${name}.`)
}
