// One calendar on its way through the life of a page: loaded, made, connected while somebody wants it, made again after the
// WebAssembly failed, and destroyed. Guarantees that a calendar which is given up and wanted again in the same turn, as React
// does in StrictMode and after a hot update, is the same one with the same socket. Knows nothing of React.

import { RealtimeCalendar } from '../calendar.js'
import { init } from '../index.js'
import { livingInstance } from '../load.js'
import type { InitSource, RealtimeConfig, RealtimeError } from '../types.js'
import { steady } from './configuration.js'

/** Who has the calendar shown. */
export interface Owner {
  /** There is another calendar, or none. */
  onCalendar(calendar: RealtimeCalendar | undefined): void
  /** Something went wrong that nobody asked for. */
  onError(error: RealtimeError): void
  /** The configuration makes no calendar. */
  onRefusal(error: unknown): void
}

/** How long the next try waits, after so many that failed in a row. */
const delayMs = (failed: number) => Math.min(30_000, 500 * 2 ** failed)
/** A calendar that has lived for so long did not fail for what the one before it failed of. */
const stableMs = 60_000

export class Runtime {
  readonly #source: InitSource | undefined
  #config: RealtimeConfig
  #owner: Owner | undefined
  #calendar: RealtimeCalendar | undefined
  #isWanted = false
  #isLoading = false
  #hasEnded = false
  #failures = 0
  #madeAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(config: RealtimeConfig, source: InitSource | undefined) {
    this.#config = config
    this.#source = source
  }

  /** Takes the functions of a configuration that says the same as the one before. */
  set config(config: RealtimeConfig) {
    this.#config = config
  }

  /** Shows the calendar to `owner` from now on, and makes it if there is none yet. */
  begin(owner: Owner): void {
    this.#owner = owner
    if (this.#calendar !== undefined) owner.onCalendar(this.#calendar)
    else if (livingInstance() !== undefined) this.#make()
    else void this.#load()
  }

  /** Shows it to nobody. */
  leave(): void {
    this.#owner = undefined
  }

  /** Whether there is to be a connection. A wish that stays the same changes nothing about what the program did since. */
  want(isWanted: boolean): void {
    if (this.#isWanted === isWanted) return
    this.#isWanted = isWanted
    if (isWanted) this.#connect()
    else this.#calendar?.disconnect()
  }

  /** Connects anew, at once; loads at once what could not be loaded. */
  reconnect(): void {
    if (this.#calendar !== undefined) this.#calendar.reconnect()
    else void this.#load()
  }

  /** Gives everything back. */
  end(): void {
    this.#hasEnded = true
    this.#forgetRetry()
    const calendar = this.#calendar
    this.#calendar = undefined
    calendar?.destroy().catch((error: unknown) => console.error(error))
  }

  async #load(): Promise<void> {
    if (this.#isLoading || this.#hasEnded) return
    this.#forgetRetry()
    this.#isLoading = true
    try {
      await init(this.#source)
    } catch (error) {
      if (!this.#hasEnded) this.#onLoadFailed(error as RealtimeError)
      return
    } finally {
      this.#isLoading = false
    }
    if (!this.#hasEnded && this.#calendar === undefined) this.#make()
  }

  #make(): void {
    let calendar: RealtimeCalendar
    try {
      calendar = new RealtimeCalendar(steady(this.#config, () => this.#config))
    } catch (error) {
      // Where an instance cannot be made at once, it is loaded.
      if ((error as RealtimeError).code === 'not_initialized') void this.#load()
      else this.#owner?.onRefusal(error)
      return
    }
    this.#madeAt = Date.now()
    this.#calendar = calendar
    calendar.on('error', (error) => this.#onError(error))
    // First, so that nothing which the connection brings is missed.
    this.#owner?.onCalendar(calendar)
    if (this.#isWanted) this.#connect()
  }

  #connect(): void {
    // What ends it for good comes to `error` as well.
    this.#calendar?.connect().catch(() => {})
  }

  #onError(error: RealtimeError): void {
    if (error.code === 'fatal') {
      this.#calendar = undefined
      this.#failures = Date.now() - this.#madeAt > stableMs ? 1 : this.#failures + 1
      this.#owner?.onCalendar(undefined)
      this.#retry()
    }
    this.#owner?.onError(error)
  }

  #onLoadFailed(error: RealtimeError): void {
    if (error.retryable) {
      this.#failures++
      this.#retry()
    }
    this.#owner?.onError(error)
  }

  #retry(): void {
    this.#forgetRetry()
    this.#timer = setTimeout(() => void this.#load(), delayMs(this.#failures))
    window.addEventListener('online', this.#onOnline)
  }

  #forgetRetry(): void {
    clearTimeout(this.#timer)
    if (typeof window !== 'undefined') window.removeEventListener('online', this.#onOnline)
  }

  readonly #onOnline = (): void => void this.#load()
}

/** Those that were given up in this turn, by the key of what they were made from. */
const leaving = new Map<string, { runtime: Runtime; timer: ReturnType<typeof setTimeout> }>()

/** Ends a runtime, unless somebody takes it over in the same turn. */
export function giveUp(key: string, runtime: Runtime): void {
  runtime.leave()
  if (leaving.has(key)) {
    runtime.end()
    return
  }
  const timer = setTimeout(() => {
    leaving.delete(key)
    runtime.end()
  }, 0)
  leaving.set(key, { runtime, timer })
}

/** A runtime of this key that was given up in this turn. */
export function takeOver(key: string): Runtime | undefined {
  const left = leaving.get(key)
  if (left === undefined) return undefined
  clearTimeout(left.timer)
  leaving.delete(key)
  return left.runtime
}
