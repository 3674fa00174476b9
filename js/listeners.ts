// Who wants to hear of what. Guarantees that a listener that throws stops nothing else, and that one which is removed
// while others are called is not called any more. Does not know what an event means.

import { realtimeError } from './error.js'
import type { RealtimeListeners } from './types.js'

type Type = keyof RealtimeListeners
type Listener = (...given: never[]) => void

export class Listeners {
  readonly #added = new Map<string, Set<{ listener: Listener; once: boolean }>>()
  readonly #changed: () => void
  /** How many times a listener threw. */
  errors = 0

  /** `changed` is called when a first listener of a type came or the last one went. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  add<Name extends Type>(type: Name, listener: RealtimeListeners[Name], once = false): () => void {
    if (typeof listener !== 'function') {
      throw realtimeError('invalid_argument', `listener: expected a function, got ${typeof listener}`, {
        retryable: false,
      })
    }
    const entry = { listener: listener as Listener, once }
    const entries = this.#added.get(type) ?? new Set()
    this.#added.set(type, entries)
    entries.add(entry)
    if (entries.size === 1) this.#changed()
    return () => this.#remove(type, entry)
  }

  remove<Name extends Type>(type: Name, listener: RealtimeListeners[Name]): void {
    for (const entry of this.#added.get(type) ?? []) if (entry.listener === listener) this.#remove(type, entry)
  }

  has(type: Type): boolean {
    return (this.#added.get(type)?.size ?? 0) > 0
  }

  /** Removes all, also those whose turn would come in the present round. */
  clear(): void {
    for (const entries of this.#added.values()) entries.clear()
    this.#added.clear()
  }

  emit(type: string, given: unknown[]): void {
    const entries = this.#added.get(type)
    if (entries === undefined || entries.size === 0) return
    for (const entry of [...entries]) {
      if (!entries.has(entry)) continue
      if (entry.once) this.#remove(type, entry)
      try {
        entry.listener(...(given as never[]))
      } catch (cause) {
        this.report(type, cause)
      }
    }
  }

  #remove(type: string, entry: { listener: Listener; once: boolean }): void {
    const entries = this.#added.get(type)
    if (entries?.delete(entry) && entries.size === 0) this.#changed()
  }

  /** Tells that code of the program threw, called for `type`. */
  report(type: string, cause: unknown): void {
    this.errors++
    const error = realtimeError('listener_error', `A listener of '${type}' threw: ${shown(cause)}`, {
      retryable: false,
      cause,
    })
    // One that fails to report must not be asked to report that.
    if (type !== 'error' && this.has('error')) this.emit('error', [error])
    else console.error(error)
  }
}

// Anything can be thrown, an object without a prototype for one, of which no text can be made.
function shown(cause: unknown): string {
  try {
    return String(cause)
  } catch {
    return 'something that cannot be shown'
  }
}
