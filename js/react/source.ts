'use client'
// A value of the calendar that React follows. Guarantees that it is the same value until what it shows changes, whatever the
// calendar makes anew, and that on a server, and while a page takes over what a server rendered, it is the constant one.

import { useSyncExternalStore } from 'react'
import type { RealtimeCalendar } from '../calendar.js'
import type { RealtimeListeners } from '../types.js'
import type { Session } from './session.js'

export interface Source<Value> {
  /** Has `changed` called when the value may be another one. */
  readonly subscribe: (changed: () => void) => () => void
  readonly get: () => Value
  /** The value where there is no calendar. */
  readonly initial: Value
}

/** What `look` finds in the calendar of a session, looked up anew when one of `types` is told. */
export function source<Value>(
  session: Session,
  types: readonly (keyof RealtimeListeners)[],
  look: (calendar: RealtimeCalendar) => Value,
  initial: Value,
  /** The value to keep: `before`, if `now` shows the same. */
  keep: (before: Value, now: Value) => Value = (_, now) => now,
): Source<Value> {
  let held = initial
  return {
    subscribe: (changed) =>
      together(session.subscribe(changed), ...types.map((type) => session.on(type, () => changed()))),
    get: () => {
      held = keep(held, session.calendar === undefined ? initial : session.read(look, held))
      return held
    },
    initial,
  }
}

/** The value of a source; renders when it is another one. */
export function useSource<Value>({ subscribe, get, initial }: Source<Value>): Value {
  return useSyncExternalStore(subscribe, get, () => initial)
}

/** One function that ends several things. */
export function together(...stops: (() => unknown)[]): () => void {
  return () => {
    for (const stop of stops) stop()
  }
}
