// What the tests of the binding to Zustand need in a page.

import init, { RealtimeCalendar } from '@baro-calendar/realtime'
import { bindZustand } from '@baro-calendar/realtime/zustand'
import { devtools, subscribeWithSelector } from 'zustand/middleware'
import { createStore } from 'zustand/vanilla'

/** A store of the original layer's shape, with its own idea of what is optimistic. */
const original = (set, get) => ({
  events: [],
  optimistic: new Map(),
  addEvent: (event) => set(({ events }) => ({ events: [...events, event] })),
  updateEvent: (id, changes) =>
    set(({ events }) => ({ events: events.map((event) => (event.id === id ? { ...event, ...changes } : event)) })),
  deleteEvent: (id) => set(({ events }) => ({ events: events.filter((event) => event.id !== id) })),
  setOptimisticUpdate: (id, event) => set(({ optimistic }) => ({ optimistic: new Map(optimistic).set(id, event) })),
  revertOptimisticUpdate: (id) => {
    const optimistic = new Map(get().optimistic)
    optimistic.delete(id)
    set({ optimistic })
  },
  hasOptimisticUpdate: (id) => get().optimistic.has(id),
})

const makers = {
  plain: () => createStore(original),
  wrapped: () => createStore(devtools(subscribeWithSelector(original), { enabled: false })),
}

await init()
Object.assign(globalThis, {
  bindZustand,
  createStore,
  makeCalendar: (config) => (globalThis.baro = new RealtimeCalendar(config)),
  /** Makes `store`, and notes what it is each time it is set. */
  makeStore: (kind = 'plain') => {
    globalThis.store = makers[kind]()
    globalThis.seen = []
    store.subscribe((state) => seen.push(state))
    return store
  },
  ready: true,
})
