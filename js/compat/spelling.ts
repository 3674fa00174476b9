// The names of messages in the two original documents: Story 2.3 writes `event:created`, 8c `EVENT_CREATED`. Owns both lists
// and the way from one to the other, of payloads too. Pure; knows nothing of who sends or listens.

import type { WebSocketMessage } from '../types.js'

/** Which document's names somebody listens to. */
export type Spelling = 'story-2.3' | '8c'

/** From the server. */
const inbound: Readonly<Record<string, string>> = {
  'event:created': 'EVENT_CREATED',
  'event:updated': 'EVENT_UPDATED',
  'event:deleted': 'EVENT_DELETED',
  'project:updated': 'PROJECT_UPDATED',
  'user:joined': 'USER_JOINED_PROJECT',
  'user:cursor': 'CURSOR_UPDATE',
  'user:typing': 'USER_TYPING',
  'element:selected': 'ELEMENT_SELECTED',
}

/** To the server. */
const outbound: Readonly<Record<string, string>> = {
  SUBSCRIBE_PROJECT: 'subscribe',
  UNSUBSCRIBE_PROJECT: 'unsubscribe',
  CURSOR_MOVE: 'user:cursor',
  ELEMENT_SELECT: 'user:selection',
  USER_TYPING: 'user:typing',
}

const small = Object.fromEntries(Object.entries(inbound).map(([name, capital]) => [capital, name]))

/** What a message from the server is called in Story 2.3. */
export const smallName = (type: string): string => small[type] ?? type

/** Which document a server follows that sends this, if that can be told. */
export function spellingOf(type: string): Spelling | undefined {
  if (type in small) return '8c'
  return type in inbound ? 'story-2.3' : undefined
}

/** What a message to the server is called in Story 2.3, and whether it was spelt as in 8c. */
export function readOutbound(type: string): { type: string; capital: boolean } {
  const name = outbound[type]
  return { type: name ?? type, capital: name !== undefined }
}

/** The message under the name, and with the payload, that a listener of that document expects. */
export function respell(message: WebSocketMessage, spelling: Spelling): WebSocketMessage {
  const name = smallName(message.type)
  if (name === 'event:deleted') message = { ...message, payload: idOf(message.payload) }
  if (spelling === 'story-2.3') {
    if (message.type === name) return message
    const payload = name === 'user:joined' ? unwrapped(message.payload) : message.payload
    return { ...message, type: name, payload }
  }
  const capital = inbound[name] ?? (name === 'project:update' ? 'PROJECT_UPDATED' : name)
  if (message.type === capital) return message
  const payload = name === 'user:joined' ? wrapped(message) : message.payload
  return { ...message, type: capital, payload }
}

/** A deletion names the event, or holds it: both documents read a name. */
const idOf = (payload: unknown): unknown => (isObject(payload) && 'id' in payload ? payload['id'] : payload)

const unwrapped = (payload: unknown): unknown =>
  isObject(payload) && isObject(payload['user']) ? payload['user'] : payload

function wrapped(message: WebSocketMessage): unknown {
  if (isObject(message.payload) && 'user' in message.payload) return message.payload
  const channel = (message as { channel?: unknown }).channel
  const projectId = typeof channel === 'string' && channel.startsWith('project:') ? channel.slice(8) : undefined
  return { projectId, user: message.payload }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
