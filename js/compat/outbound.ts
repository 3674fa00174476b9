// What a message that a program sends means to the calendar. Owns that reading; guarantees that a write is stored and done
// once, that a cursor is throttled and never waits for a connection, and that what means nothing to the calendar is sent as it
// is. Does not know who sends.

import type { PendingWrite, RealtimeError } from '../types.js'
import type { Opened } from './connection.js'
import { isObject, readOutbound } from './spelling.js'

/** A message without what the wire adds. */
export interface Sent {
  type: string
  payload: unknown
}

export interface SendOptions {
  requireAck?: boolean
  timeout?: number
}

/** The channel that a message begins or ends to follow; none if it is about something else. */
export function subscriptionOf({
  type,
  payload,
}: Sent): { verb: string; channel: string; capital?: string } | undefined {
  const { type: verb, capital } = readOutbound(type)
  if ((verb !== 'subscribe' && verb !== 'unsubscribe') || !isObject(payload)) return undefined
  const { projectId, channel } = payload
  if (typeof projectId === 'string' && projectId !== '') {
    return { verb, channel: `project:${projectId}`, ...(capital ? { capital: projectId } : {}) }
  }
  return typeof channel === 'string' && channel !== '' ? { verb, channel } : undefined
}

/** Sends what is no subscription. Resolves when it is sent, or is known to be done if that is required. */
export function deliver({ calendar, capitals }: Opened, sent: Sent, options: SendOptions): Promise<unknown> {
  const { type, capital } = readOutbound(sent.type)
  const { payload } = sent
  const announce = presence[type]
  if (announce !== undefined && isObject(payload)) {
    try {
      announce(calendar, payload)
    } catch (error) {
      return Promise.reject(error)
    }
    if (capital && type === 'user:cursor') capitals.point(payload)
    else if (capital) capitals.announce(sent.type, payload)
    return Promise.resolve()
  }
  const write = attempt(() => writeOf(calendar, type, payload))
  if (write instanceof Error) return Promise.reject(write)
  if (write === undefined) return calendar.send(sent.type, payload, options)
  if (options.requireAck !== true) return Promise.resolve()
  // Without a connection the original resolved once it had queued the message.
  if (calendar.isConnected()) return within(options.timeout ?? 5000, write.confirmed)
  return write.persisted.catch(() => {})
}

type Calendar = Opened['calendar']

const presence: Record<string, (calendar: Calendar, payload: Record<string, unknown>) => void> = {
  'user:cursor': (calendar, payload) => {
    // The element under a pointer mostly has no id, and the original sent it empty.
    const { x, y, elementId } = payload
    const element = typeof elementId === 'string' && elementId !== '' ? { elementId } : {}
    calendar.broadcastCursor({ x: x as number, y: y as number, ...element })
  },
  'user:selection': (calendar, { elementId, selection }) => calendar.sendSelection(elementId as string, selection),
  'user:typing': (calendar, { elementId, isTyping }) => calendar.sendTyping(elementId as string, isTyping === true),
  'user:editing': (calendar, { eventId }) => calendar.sendEditing((eventId as string | null | undefined) ?? null),
}

function writeOf(calendar: Calendar, type: string, payload: unknown): PendingWrite | undefined {
  if (type === 'event:delete') {
    const id = isObject(payload) ? payload['id'] : payload
    return typeof id === 'string' ? calendar.deleteEvent(id) : undefined
  }
  if (!isObject(payload)) return undefined
  if (type === 'event:create') return calendar.createEvent(payload as Parameters<Calendar['createEvent']>[0])
  const { id, ...changes } = payload
  return type === 'event:update' && typeof id === 'string' ? calendar.updateEvent(id, changes) : undefined
}

// What the calendar knows nothing of, as an event that the program has from elsewhere, is the server's to judge.
const forTheServer = ['invalid_argument', 'invalid_event', 'not_found', 'already_exists']

function attempt(write: () => PendingWrite | undefined): PendingWrite | undefined | Error {
  try {
    return write()
  } catch (error) {
    return forTheServer.includes((error as RealtimeError).code) ? undefined : (error as Error)
  }
}

/** What `confirmed` ends with, unless it takes longer than the original waited. */
export function within<Value>(timeoutMs: number, confirmed: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    // The write goes on all the same: it is stored, and comes as a change once it is done.
    const timer = setTimeout(() => reject(new Error('Message acknowledgment timeout')), timeoutMs)
    confirmed.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
