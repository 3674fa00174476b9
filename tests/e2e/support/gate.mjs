// The network between a page and a server: passes everything on until it is shut.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** Opens a gate on a free port in front of `server`. Shut, it cuts what goes through it and lets nothing in. */
export async function openGate(t, server) {
  let isOpen = true
  const passing = new Set()
  const gate = createServer((incoming) => {
    if (!isOpen) return incoming.destroy()
    const [host, port] = server.address.split(':')
    const outgoing = connect(Number(port), host)
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ]) {
      passing.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        passing.delete(one)
        other.destroy()
      })
    }
  })
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  const cut = () => {
    for (const one of passing) one.destroy()
  }
  t.after(() => {
    gate.close()
    cut()
  })
  return {
    socket: `ws://127.0.0.1:${gate.address().port}/ws`,
    shut() {
      isOpen = false
      cut()
    },
    open() {
      isOpen = true
    },
  }
}
