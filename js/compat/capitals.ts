// What a server is told a second time, under the names of 8c: the calendar itself speaks as Story 2.3 does. Owns who wants
// which project under these names, and the cursor's pace; guarantees that a new connection is told the projects again and the
// newest of what could not be said before, that positions are at most one in 50 ms and the last one is sent, and that nothing is said to a server that shows it does not
// need it. Does not know what the calendar tells the server by itself.

import type { RealtimeCalendar } from '../calendar.js'
import type { RealtimeError } from '../types.js'
import { isObject, spellingOf } from './spelling.js'

const cursorMs = 50
/** So long a server has to refuse a name that it does not know. */
const answerMs = 1500

export class Capitals {
  readonly #calendar: RealtimeCalendar
  readonly #projects = new Map<string, number>()
  /** The newest of each kind that was to be said without a connection. */
  readonly #held = new Map<string, { type: string; payload: unknown }>()
  #position: unknown
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Nothing until the server has shown it. */
  #needed: boolean | undefined

  constructor(calendar: RealtimeCalendar) {
    this.#calendar = calendar
    calendar.on('connected', () => {
      for (const projectId of this.#projects.keys()) this.say('SUBSCRIBE_PROJECT', { projectId })
      for (const [kind, { type, payload }] of this.#held) {
        this.#held.delete(kind)
        this.say(type, payload)
      }
    })
  }

  /** Draws from what a server sends how it spells. */
  handleMessage(type: string): void {
    const spelling = spellingOf(type)
    if (spelling !== undefined) this.#needed = spelling === '8c'
  }

  subscribe(projectId: string): void {
    const count = this.#projects.get(projectId) ?? 0
    this.#projects.set(projectId, count + 1)
    if (count === 0) this.say('SUBSCRIBE_PROJECT', { projectId })
  }

  unsubscribe(projectId: string): void {
    const count = (this.#projects.get(projectId) ?? 0) - 1
    if (count > 0) this.#projects.set(projectId, count)
    else if (this.#projects.delete(projectId)) this.say('UNSUBSCRIBE_PROJECT', { projectId })
  }

  point(position: unknown): void {
    this.#position = position
    if (this.#timer !== undefined) return
    this.announce('CURSOR_MOVE', position)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#position !== position) this.point(this.#position)
    }, cursorMs)
  }

  /** Says something of this user, now or when there is a connection: then only the newest of its kind. */
  announce(type: string, payload: unknown): void {
    if (this.#calendar.isConnected()) return this.say(type, payload)
    const about = type === 'USER_TYPING' && isObject(payload) ? String(payload['elementId']) : ''
    this.#held.set(`${type} ${about}`, { type, payload })
  }

  /** Says something if there is a connection. */
  say(type: string, payload: unknown): void {
    if (this.#needed === false || !this.#calendar.isConnected()) return
    if (this.#needed) return void this.#calendar.send(type, payload)
    // A server that knows better refuses it; one of 8c says nothing to anything.
    this.#calendar.send(type, payload, { requireAck: true, timeout: answerMs }).then(
      () => (this.#needed ??= true),
      ({ code }: RealtimeError) => {
        if (code === 'unknown_type') this.#needed = false
        else if (code === 'timeout') this.#needed ??= true
      },
    )
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
