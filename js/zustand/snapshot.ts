// What a store gets to see of a calendar at one moment. Guarantees that whatever did not change is the same object as in
// the snapshot before. Does not know stores.

import type { Waiting } from '../follow.js'
import type { CalendarEvent, EventQuery, RealtimeCalendar } from '../types.js'

/** The calendar at one moment. What it holds belongs to the calendar and is frozen. */
export interface CalendarSnapshot {
  /** The events that the binding's `query` asks for, by start and id: the array of `getEvents`. */
  readonly events: readonly CalendarEvent[]
  /** Ids of the events that a write of this user waits for, deleted ones included; one set until its content changes. */
  readonly pending: ReadonlySet<string>
  /** Those of `events` that are new or different since the snapshot before; all of them in the first one. */
  readonly changed: readonly CalendarEvent[]
  /** Ids of those that were among `events` in the snapshot before and are not any more. */
  readonly removed: readonly string[]
}

/** The calendar as it is now. `before` is the snapshot that the store was given last. */
export function takeSnapshot(
  calendar: RealtimeCalendar,
  waiting: Waiting,
  query: EventQuery | undefined,
  before: CalendarSnapshot | undefined,
): CalendarSnapshot {
  const events = calendar.getEvents(query)
  const pending = before !== undefined && sameIds(before.pending, waiting) ? before.pending : idsOf(waiting)
  const was = before?.events ?? []
  let difference: Pick<CalendarSnapshot, 'changed' | 'removed'> | undefined
  // Asked for by few: most stores take the array as it is.
  const differ = () => (difference ??= compare(was, events))
  return {
    events,
    pending,
    get changed() {
      return differ().changed
    },
    get removed() {
      return differ().removed
    },
  }
}

function compare(was: readonly CalendarEvent[], events: readonly CalendarEvent[]) {
  if (was === events) return { changed: [], removed: [] }
  const left = new Map(was.map((event) => [event.id, event]))
  const changed = events.filter((event) => {
    const held = left.get(event.id)
    left.delete(event.id)
    return held !== event
  })
  return { changed, removed: [...left.keys()] }
}

/** Made once, so that two bindings on one store agree. */
const ids = new WeakMap<Waiting, ReadonlySet<string>>()

function idsOf(waiting: Waiting): ReadonlySet<string> {
  const held = ids.get(waiting) ?? new Set(waiting.keys())
  ids.set(waiting, held)
  return held
}

function sameIds(ids: ReadonlySet<string>, waiting: Waiting): boolean {
  if (ids.size !== waiting.size) return false
  for (const id of waiting.keys()) if (!ids.has(id)) return false
  return true
}
