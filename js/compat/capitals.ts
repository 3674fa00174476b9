// What a server is told a second time, under the names of 8c: the calendar itself speaks as Story 2.3 does. Owns who wants
// which project under these names, and the cursor's pace; guarantees that a new connection is told the projects again, that
// positions are at most one in 50 ms and the last one is sent, and that nothing is said to a server that shows it does not
// need it. Does not know what the calendar tells the server by itself.

import type { RealtimeCalendar } from '../calendar.js'
import type { RealtimeError } from '../types.js'
import { spellingOf } from './spelling.js'

const cursorMs = 50

export class Capitals {
  readonly #calendar: RealtimeCalendar
  readonly #projects = new Map<string, number>()
  #position: unknown
  #timer: ReturnType<typeof setTimeout> | undefined
  #needed = true

  constructor(calendar: RealtimeCalendar) {
    this.#calendar = calendar
    calendar.on('connected', () => {
      for (const projectId of this.#projects.keys()) this.say('SUBSCRIBE_PROJECT', { projectId })
    })
  }

  /** Draws from what a server sends how it spells. */
  handleMessage(type: string): void {
    const spelling = spellingOf(type)
    if (spelling !== undefined) this.#needed = spelling === '8c'
  }

  /** Whether an error is only that the server does not know these names. */
  handleError(error: RealtimeError): boolean {
    if (error.code !== 'unknown_type') return false
    this.#needed = false
    return true
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
    this.say('CURSOR_MOVE', position)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#position !== position) this.point(this.#position)
    }, cursorMs)
  }

  /** Without a connection nothing is kept: presence would be old, and the projects are told anew. */
  say(type: string, payload: unknown): void {
    if (this.#needed && this.#calendar.isConnected()) void this.#calendar.send(type, payload)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
