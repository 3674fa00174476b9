// The holders. Each is given 10,000 events in the form in which it gets them from elsewhere, and keeps them.

import init, { RealtimeCalendar } from '@baro-calendar/realtime'
import * as Automerge from '@automerge/automerge/slim'
import * as Y from 'yjs'

// The linear memory of whatever WebAssembly is loaded here.
const memories = new Set()
for (const name of ['instantiate', 'instantiateStreaming']) {
  const original = WebAssembly[name]
  WebAssembly[name] = async (...given) => {
    const made = await original.apply(WebAssembly, given)
    for (const value of Object.values((made.instance ?? made).exports)) {
      if (value instanceof WebAssembly.Memory) memories.add(value)
    }
    return made
  }
}
globalThis.linearMemory = () => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0)

const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer())

/** Per holder: making it ready without an event, filling it, reading all that it holds, and how many events that is. */
const holders = {
  calendar: {
    ready: () => init(),
    async fill(address) {
      globalThis.held = new RealtimeCalendar({ url: address, offline: false, projectId: 'p' })
      const filled = new Promise((resolve) => globalThis.held.once('events-change', resolve))
      await globalThis.held.connect()
      await filled
    },
    read: () => globalThis.held.getEvents(),
  },
  map: {
    ready: () => {},
    async fill() {
      const events = await (await fetch('/content.json')).json()
      globalThis.held = new Map(events.map((event) => [event.id, event]))
    },
    read: () => [...globalThis.held.values()],
  },
  yjs: {
    ready: () => (globalThis.held = new Y.Doc()),
    async fill() {
      Y.applyUpdate(globalThis.held, await bytes('/yjs.bin'))
    },
    read: () => Object.values(globalThis.held.getMap('events').toJSON()),
  },
  automerge: {
    ready: async () => Automerge.initializeWasm(fetch('/automerge.wasm')),
    async fill() {
      globalThis.held = Automerge.load(await bytes('/automerge.bin'))
    },
    read: () => Object.values(globalThis.held.events),
  },
}

globalThis.prepare = (name) => holders[name].ready()
globalThis.fill = async (name, address) => {
  await holders[name].fill(address)
}
globalThis.readAll = (name) => {
  const shown = holders[name].read()
  globalThis.shown = shown
  return [shown.length, shown.reduce((sum, { version, attendees }) => sum + version + attendees.length, 0)]
}
