'use client'
// What a component takes of an object that offers much. Guarantees that it is rendered for what it has read, and for nothing
// else: a page that takes the events of `useRealtimeCalendar` is not rendered because somebody joined.

import { useMemo, useSyncExternalStore } from 'react'
import type { Source } from './source.js'

type Parts<Values> = { readonly [Name in keyof Values]: Source<Values[Name]> }

const beforeTheCalendar = {}

class Reading<Values> {
  readonly #parts: Parts<Values>
  readonly #read = new Map<keyof Values, unknown>()
  #state = {}

  constructor(parts: Parts<Values>) {
    this.#parts = parts
  }

  /** The present value of a part, which from now on is one that was read. */
  readonly value = <Name extends keyof Values>(name: Name): Values[Name] => {
    const value = this.#parts[name].get()
    // One that changed unnoticed since it was read is news to whoever was rendered with the one before.
    if (this.#read.has(name) && !Object.is(this.#read.get(name), value)) this.#state = {}
    this.#read.set(name, value)
    return value
  }

  readonly initial = <Name extends keyof Values>(name: Name): Values[Name] => this.#parts[name].initial

  /** Another object when a part that was read has another value. */
  readonly state = (): object => {
    for (const name of this.#read.keys()) this.value(name)
    return this.#state
  }

  readonly subscribe = (changed: () => void): (() => void) => {
    const stops = (Object.keys(this.#parts) as (keyof Values)[]).map((name) =>
      this.#parts[name].subscribe(() => {
        if (this.#read.has(name)) changed()
      }),
    )
    return () => {
      for (const stop of stops) stop()
    }
  }
}

/** Reads the parts that are asked for by name; `parts` has to stay the same. A new function where a value has changed. */
export function useReading<Values>(parts: Parts<Values>): <Name extends keyof Values>(name: Name) => Values[Name] {
  const reading = useMemo(() => new Reading(parts), [parts])
  const state = useSyncExternalStore(reading.subscribe, reading.state, () => beforeTheCalendar)
  return useMemo<<Name extends keyof Values>(name: Name) => Values[Name]>(
    () => (state === beforeTheCalendar ? reading.initial : (name) => reading.value(name)),
    [reading, state],
  )
}
