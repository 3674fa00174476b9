// All that a server tells, as messages, each once, and to whom of those who share the connection. Owns its listeners;
// guarantees that a change which comes a second time under one id is left out, that a project's news go to those who
// subscribed to it, as if each had a socket of his own, and that who is here and where they point is told as messages too
// where the server tells it in another form. Does not know how its listeners are used.

import type { RealtimeCalendar } from '../calendar.js'
import type { WebSocketMessage } from '../types.js'
import { type Spelling, isObject, respell, smallName } from './spelling.js'

/** One who shares the connection. */
export interface Recipient {
  /** The channels that it subscribed to. */
  readonly channels: { has(channel: string): boolean; readonly size: number }
  /** Takes a message, as either document spells it: the same objects for all. */
  take(message: Record<Spelling, WebSocketMessage>): void
}

/** So many ids of changes are remembered. */
const remembered = 512

export class Inbox {
  readonly #recipients = new Set<Recipient>()
  readonly #ids = new Set<string>()
  /** Told by the calendar, and perhaps by a message of the same moment. */
  readonly #untold = new Map<string, WebSocketMessage>()
  readonly #learn: (message: WebSocketMessage) => void
  #supplied = 0

  /** `learn` sees each message as it came from the server. */
  constructor(calendar: RealtimeCalendar, learn: (message: WebSocketMessage) => void) {
    this.#learn = learn
    calendar.on('message', (message) => this.#take(message))
    calendar.on('user:joined', (user) => this.#supply('user:joined', user.id, user))
    calendar.on('user:cursor', (cursor) => this.#supply('user:cursor', cursor.userId, cursor))
  }

  /** Returns how to take the recipient off again. */
  add(recipient: Recipient): () => void {
    this.#recipients.add(recipient)
    return () => this.#recipients.delete(recipient)
  }

  #take(message: WebSocketMessage): void {
    this.#learn(message)
    const name = smallName(message.type)
    if (name.startsWith('event:') && message.id) {
      if (this.#ids.has(message.id)) return
      this.#ids.add(message.id)
      for (const id of this.#ids) {
        if (this.#ids.size <= remembered) break
        this.#ids.delete(id)
      }
    }
    this.#untold.delete(`${name} ${whoIsIn(message.payload)}`)
    this.#tell(message)
  }

  /** A `baro.v1` server tells these in lists, which are no messages of the documents. */
  #supply(type: string, who: string, payload: unknown): void {
    const key = `${type} ${who}`
    if (!this.#untold.has(key)) {
      queueMicrotask(() => {
        const message = this.#untold.get(key)
        this.#untold.delete(key)
        if (message !== undefined) this.#tell(message)
      })
    }
    this.#untold.set(key, { type, payload, timestamp: Date.now(), id: `${key} ${this.#supplied++}` })
  }

  #tell(message: WebSocketMessage): void {
    const told = { 'story-2.3': respell(message, 'story-2.3'), '8c': respell(message, '8c') }
    for (const recipient of this.#audience(message)) if (this.#recipients.has(recipient)) recipient.take(told)
  }

  /** What names no project concerns those who follow any. What concerns nobody is told to all, as the server did. */
  #audience(message: WebSocketMessage): Recipient[] {
    const all = [...this.#recipients]
    const channel = channelOf(message)
    const isAboutSome = channel !== undefined || /^(event|project|calendar):/.test(smallName(message.type))
    if (!isAboutSome) return all
    const concerned = all.filter(({ channels }) => (channel === undefined ? channels.size > 0 : channels.has(channel)))
    return concerned.length > 0 ? concerned : all
  }
}

function channelOf(message: WebSocketMessage & { channel?: unknown }): string | undefined {
  if (typeof message.channel === 'string') return message.channel
  const projectId = isObject(message.payload) ? message.payload['projectId'] : undefined
  return typeof projectId === 'string' ? `project:${projectId}` : undefined
}

function whoIsIn(payload: unknown): string {
  if (!isObject(payload)) return ''
  const user = isObject(payload['user']) ? payload['user'] : payload
  return String(user['userId'] ?? user['id'] ?? '')
}
