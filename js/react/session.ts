// What the hooks of one provider share: the calendar of the moment, and what is asked of whichever it is. Guarantees that
// listeners, subscriptions and the wish for a connection outlive a change of the calendar. Renders nothing.

import type { RealtimeCalendar } from '../calendar.js'
import { realtimeError } from '../error.js'
import type { ConnectionState, InitSource, RealtimeConfig, RealtimeError, RealtimeListeners } from '../types.js'
import { type Owner, Runtime, giveUp, takeOver } from './runtime.js'

type Stop = () => void
type Type = keyof RealtimeListeners

interface Attachment {
  attach: (calendar: RealtimeCalendar) => Stop
  stop: Stop
}

const nothing = (): void => {}

export class Session implements Owner {
  readonly #changed = new Set<() => void>()
  readonly #attachments = new Set<Attachment>()
  readonly #waiting = new Set<{ resolve: (calendar: RealtimeCalendar) => void; reject: (error: unknown) => void }>()
  #calendar: RealtimeCalendar | undefined
  #runtime: Runtime | undefined
  #wishes = 0
  #error: RealtimeError | undefined
  #refusal: unknown
  /** Called for every error that nobody asked for. */
  report: ((error: RealtimeError) => void) | undefined

  /** The calendar; none before the WebAssembly was loaded. */
  get calendar(): RealtimeCalendar | undefined {
    return this.#calendar
  }

  /** What went wrong last, until there is a connection again. */
  get error(): RealtimeError | undefined {
    return this.#error
  }

  /** Why the configuration makes no calendar. */
  get refusal(): unknown {
    return this.#refusal
  }

  get state(): ConnectionState {
    if (this.#calendar !== undefined) return this.read((calendar) => calendar.getState(), 'error')
    return this.#error === undefined ? 'disconnected' : 'error'
  }

  /** What `look` finds in the calendar; `otherwise` while there is none, or none that lives. */
  read<Value>(look: (calendar: RealtimeCalendar) => Value, otherwise: Value): Value {
    if (this.#calendar === undefined) return otherwise
    try {
      return look(this.#calendar)
    } catch (error) {
      if (isOver(error)) return otherwise
      throw error
    }
  }

  /** Has `changed` called when there is another calendar, or another error. */
  readonly subscribe = (changed: () => void): Stop => {
    this.#changed.add(changed)
    return () => this.#changed.delete(changed)
  }

  /** Adds a listener to this calendar and those after it. */
  on<Name extends Type>(type: Name, listener: RealtimeListeners[Name]): Stop {
    return this.#attach((calendar) => calendar.on(type, listener))
  }

  /** Subscribes to a project in this calendar and those after it. `settled` is told how it ended each time. */
  subscribeToProject(projectId: string, settled: (error?: RealtimeError) => void): Stop {
    return this.#attach((calendar) => {
      let isOver = false
      calendar.subscribeToProject(projectId).then(
        () => isOver || settled(),
        (error: RealtimeError) => isOver || settled(error),
      )
      return () => {
        isOver = true
        calendar.unsubscribeFromProject(projectId)
      }
    })
  }

  /** The calendar as soon as there is one. */
  ready(): Promise<RealtimeCalendar> {
    if (this.#calendar !== undefined) return Promise.resolve(this.#calendar)
    return new Promise((resolve, reject) => this.#waiting.add({ resolve, reject }))
  }

  /** Wishes for a connection; what is returned takes the wish back. Without any, there is none. */
  connect(): Stop {
    this.#wishes++
    this.#runtime?.want(true)
    return () => {
      this.#wishes--
      // Effects that React ends only to begin them again must not cost the connection.
      if (this.#wishes === 0) setTimeout(() => this.#runtime?.want(this.#wishes > 0), 0)
    }
  }

  /** Connects anew at once, and loads anew what could not be loaded. */
  readonly reconnect = (): void => {
    if (this.#runtime !== undefined) this.#runtime.reconnect()
    else this.#calendar?.reconnect()
  }

  /** Makes the calendar of a configuration; what is returned gives it up. `key` tells what the configuration says. */
  open(key: string, config: RealtimeConfig, source: InitSource | undefined): Stop {
    const runtime = takeOver(key) ?? new Runtime(config, source)
    runtime.config = config
    this.#runtime = runtime
    runtime.want(this.#wishes > 0)
    runtime.begin(this)
    return () => {
      this.#runtime = undefined
      giveUp(key, runtime)
      this.#close()
    }
  }

  /** Takes a calendar that somebody else made and ends. */
  borrow(calendar: RealtimeCalendar): Stop {
    const stops = [calendar.on('error', (error) => this.onError(error))]
    this.onCalendar(calendar)
    return () => {
      for (const stop of stops) stop()
      this.#close()
    }
  }

  /** The functions of a configuration that otherwise says the same. */
  set config(config: RealtimeConfig) {
    if (this.#runtime !== undefined) this.#runtime.config = config
  }

  onCalendar(calendar: RealtimeCalendar | undefined): void {
    if (this.#calendar === calendar) return
    for (const attachment of this.#attachments) detach(attachment)
    this.#calendar = calendar
    if (calendar !== undefined) {
      this.#error = undefined
      for (const attachment of this.#attachments) attach(attachment, calendar)
      for (const { resolve } of this.#waiting) resolve(calendar)
      this.#waiting.clear()
    }
    this.#tell()
  }

  onError(error: RealtimeError): void {
    this.#error = error
    if (this.report !== undefined) this.report(error)
    else console.error(error)
    this.#tell()
  }

  onRefusal(error: unknown): void {
    this.#refusal = error
    this.#abandon(error)
    this.#tell()
  }

  /** Forgets what went wrong: it is well again. */
  onConnected(): void {
    if (this.#error === undefined) return
    this.#error = undefined
    this.#tell()
  }

  #close(): void {
    this.#error = undefined
    this.#refusal = undefined
    this.onCalendar(undefined)
    // Not at once: what is given up and taken again in one turn is still there for those who wait.
    setTimeout(() => {
      if (this.#runtime !== undefined || this.#calendar !== undefined) return
      this.#abandon(
        realtimeError('destroyed', 'The RealtimeCalendarProvider was unmounted before the calendar was there.', {
          retryable: false,
        }),
      )
    }, 0)
  }

  #abandon(error: unknown): void {
    for (const { reject } of this.#waiting) reject(error)
    this.#waiting.clear()
  }

  #attach(make: Attachment['attach']): Stop {
    const attachment: Attachment = { attach: make, stop: nothing }
    this.#attachments.add(attachment)
    if (this.#calendar !== undefined) attach(attachment, this.#calendar)
    return () => {
      this.#attachments.delete(attachment)
      detach(attachment)
    }
  }

  #tell(): void {
    for (const changed of [...this.#changed]) changed()
  }
}

/** Whether a calendar is gone, by what it throws: to those who only look, that is no mistake. */
function isOver(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'destroyed' || code === 'fatal'
}

function attach(attachment: Attachment, calendar: RealtimeCalendar): void {
  try {
    attachment.stop = attachment.attach(calendar)
  } catch (error) {
    if (!isOver(error)) throw error
  }
}

function detach(attachment: Attachment): void {
  const { stop } = attachment
  attachment.stop = nothing
  try {
    stop()
  } catch (error) {
    if (!isOver(error)) throw error
  }
}
