// One running instance of the WebAssembly, and its death.
//
// The module is compiled so that a panic ends in a trap, and whatever stood on its stack stays as it is: a borrow that is
// never given back, a list half written. Nothing of that instance may run again. So every way into it goes through
// here: calls of the class, and callbacks of timers, sockets and promises. What comes out as an exception, from a panic,
// from an exhausted stack or from a browser function that threw, ends the instance once and for all; those who live on
// it are told, and the next calendar gets a new one from the module that is kept.

import { realtimeError } from './error.js'
import { type Glue, instantiate } from './glue.js'
import type { RealtimeError } from './types.js'

type Export = (...given: never[]) => unknown

/** Exports that the browser calls back, where nobody is there to catch, and those by which it gives memory back. */
const isUnattended = (name: string): boolean => /closure|free/.test(name)

export class Instance {
  readonly glue: Glue
  readonly #living = new Set<(error: RealtimeError) => void>()
  #depth = 0
  #isDead = false
  #cause: unknown
  #fatal: RealtimeError | undefined

  constructor() {
    this.glue = instantiate((exports) => this.#guard(exports))
  }

  /** What it died of, if it did. */
  get fatal(): RealtimeError | undefined {
    return this.#isDead ? this.#end() : undefined
  }

  /** Has `end` called when the instance dies; what is returned takes that back. */
  add(end: (error: RealtimeError) => void): () => void {
    this.#living.add(end)
    return () => this.#living.delete(end)
  }

  #guard(exports: WebAssembly.Exports): WebAssembly.Exports {
    const guarded: Record<string, WebAssembly.ExportValue> = {}
    for (const [name, value] of Object.entries(exports)) {
      guarded[name] = typeof value === 'function' ? this.#enter(value as Export, isUnattended(name)) : value
    }
    return guarded
  }

  #enter(run: Export, unattended: boolean): Export {
    return (...given) => {
      if (!this.#isDead) {
        this.#depth++
        try {
          return run(...given)
        } catch (cause) {
          // No call here: there may be no stack left for one.
          if (!this.#isDead) this.#cause = cause
          this.#isDead = true
        } finally {
          this.#depth--
        }
      }
      const error = this.#end()
      // A list, since the glue looks for an error in what some of them return.
      if (unattended && this.#depth === 0) return []
      // Frames of the dead instance that are still on the stack are unwound: this passes through all of them.
      throw error
    }
  }

  /** Tells those who lived here. Whoever was not told, for want of stack, is told with the next call. */
  #end(): RealtimeError {
    const said = this.#cause instanceof Error ? this.#cause.message : String(this.#cause)
    const error = (this.#fatal ??= realtimeError(
      'fatal',
      `The WebAssembly of @baro-calendar/realtime failed and was given up: ${said}. Make a new calendar; it sends what is stored.`,
      { retryable: false, cause: this.#cause },
    ))
    for (const end of this.#living) {
      end(error)
      this.#living.delete(end)
    }
    return error
  }
}
