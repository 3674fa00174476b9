// A script after which a calendar has told every kind of thing that a server can make it tell.

import { created, event, polite } from './script.mjs'

/** What a connected calendar is sent so that each of its listeners is called. */
export const everything = [
  created(1, 'theirs'),
  { type: 'event:updated', channel: 'project:p', seq: 2, payload: event('theirs', { version: 2, title: 'Renamed' }) },
  { type: 'event:deleted', channel: 'project:p', seq: 3, payload: { id: 'theirs', version: 3 } },
  { type: 'project:updated', payload: { id: 'p', name: 'Project' } },
  { type: 'user:joined', payload: { id: 'ben', name: 'Ben', color: '#2563eb' } },
  { type: 'user:cursor', payload: { userId: 'ben', x: 1, y: 2 } },
  { type: 'user:typing', payload: { userId: 'ben', elementId: 'title', isTyping: true } },
  { type: 'element:selected', payload: { userId: 'ben', elementId: 'title', selection: [0, 1] } },
  { type: 'user:editing', payload: { userId: 'ben', eventId: 'theirs' } },
  { type: 'user:left', payload: 'ben' },
  { type: 'conflict:detected', payload: { eventId: 'theirs', fields: ['title'], localVersion: 1, remoteVersion: 2 } },
  { type: 'weather', payload: { sky: 'clear' } },
  { type: 'error', payload: { code: 'rate_limited', message: 'slow down', retryable: true } },
  { type: 5 },
]

/** A write of the title `Refused` is refused for good; the rest is polite. */
export const refusing = {
  'event:create': (connection, message) =>
    message.payload.title === 'Refused'
      ? connection.send({
          type: 'error',
          id: message.id,
          seq: message.seq,
          payload: { code: 'forbidden', message: 'no', retryable: false },
        })
      : polite['event:create'](connection, message),
}

/** The listeners that `everything`, a refused write, an acknowledgement and a lost connection call. */
export const calledByEverything = [
  'conflict:detected',
  'connected',
  'disconnected',
  'element:selected',
  'error',
  'event:created',
  'event:deleted',
  'event:updated',
  'events-change',
  'message',
  'message-acknowledged',
  'presence-change',
  'project:updated',
  'reconnecting',
  'state-change',
  'sync-failure',
  'sync-status',
  'user:cursor',
  'user:editing',
  'user:joined',
  'user:left',
  'user:typing',
]
