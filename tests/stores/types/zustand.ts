// The binding to Zustand, with the types of Zustand itself and its middleware. Compiled, never run.

import type { CalendarEvent, RealtimeCalendar } from '@baro-calendar/realtime'
import { bindZustand } from '@baro-calendar/realtime/zustand'
import { create } from 'zustand'
import { devtools, persist, subscribeWithSelector } from 'zustand/middleware'
import { createStore } from 'zustand/vanilla'

interface Calendar {
  events: readonly CalendarEvent[]
  addEvent(event: CalendarEvent): void
  hasOptimisticUpdate(id: string): boolean
}

const initial = (): Calendar => ({ events: [], addEvent: () => {}, hasOptimisticUpdate: () => false })

export function binds(calendar: RealtimeCalendar): (() => void)[] {
  const wrapped = create<Calendar>()(devtools(subscribeWithSelector(persist(initial, { name: 'calendar' }))))
  const byId = createStore(() => ({ byId: new Map<string, CalendarEvent>(), waiting: 0 }))
  bindZustand(calendar, byId, {
    write({ changed, removed, pending, events }, state) {
      const byId = new Map<string, CalendarEvent>(state.byId)
      for (const event of changed) byId.set(event.id, event)
      for (const id of removed) byId.delete(id)
      // @ts-expect-error: what is read belongs to the calendar
      events.push(...changed)
      return { byId, waiting: pending.size }
    },
  })
  // @ts-expect-error: the store has no such field
  bindZustand(calendar, byId, { write: () => ({ count: 1 }) })
  // @ts-expect-error: no store
  bindZustand(calendar, {})
  return [
    bindZustand(calendar, create<Calendar>()(initial)),
    bindZustand(calendar, createStore<Calendar>()(initial), {
      query: { from: new Date() },
      key: 'events',
      actions: true,
    }),
    bindZustand(calendar, wrapped),
  ]
}
