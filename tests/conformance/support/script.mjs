// What a peer says when it behaves: the least of `baro.v1` that a calendar lives on. A scenario takes it and changes
// what it is about.

/** The first answer of a `baro.v1` server. Of the heartbeat it says what a test wants to wait for. */
export const welcome = (more = {}) => ({
  type: 'welcome',
  payload: {
    version: 'baro.v1',
    connection: 'c1',
    user: { id: 'ana', name: 'Ana', color: '#2563eb' },
    lastSeq: 0,
    time: Date.now(),
    heartbeat: { interval: 60_000, timeout: 5_000 },
    limits: { frame: 262_144, event: 65_536, subscriptions: 100, window: 32 },
    ...more,
  },
})

/** The channel that a `subscribe` or `unsubscribe` names. */
export const channelOf = ({ payload }) => payload.channel ?? `project:${payload.projectId}`

/** Takes a subscription: the channel holds these events, at this position. */
export const subscribed = (message, { events = [], seq = 0, epoch = 'e1' } = {}) => ({
  type: 'subscribed',
  id: message.id,
  payload: { channel: channelOf(message), epoch, seq, recovered: false, events },
})

/** Takes a subscription up again where it was left; what was missed follows. */
export const recovered = (message, { seq, epoch = 'e1' }) => ({
  type: 'subscribed',
  id: message.id,
  payload: { channel: channelOf(message), epoch, seq, recovered: true },
})

/** Takes a subscription: a new one to an empty channel, any other where it was left, with nothing missed. */
export const resumed = (message) =>
  message.payload.seq === undefined ? subscribed(message) : recovered(message, message.payload)

export const pong = (message, payload = { time: 0 }) => ({ type: 'pong', id: message.id, payload })

/** Stores a write: what it says becomes the event. */
export const stored = ({ id, seq, payload }, version = 1) => ({
  type: 'ack',
  id,
  seq,
  payload: { ...payload, version, updatedAt: '2026-01-01T00:00:00.000Z' },
})

/** An event of an hour, as a server tells it. */
export const event = (id, more = {}) => ({
  id,
  title: id,
  startDate: '2026-01-01T09:00:00.000Z',
  endDate: '2026-01-01T10:00:00.000Z',
  projectId: 'p',
  version: 1,
  updatedAt: '2026-01-01T00:00:00.000Z',
  ...more,
})

/** The news of an event on the channel of project `p`. */
export const created = (seq, id = `event-${seq}`, more = {}) => ({
  type: 'event:created',
  channel: 'project:p',
  seq,
  payload: event(id, more),
})

export const polite = {
  auth: (connection, { id }) => connection.send({ type: 'ack', id }),
  hello: (connection) => connection.send(welcome()),
  subscribe: (connection, message) => connection.send(resumed(message)),
  unsubscribe: (connection, { id }) => connection.send({ type: 'ack', id }),
  ping: (connection, message) => connection.send(pong(message)),
  'event:create': (connection, message) => connection.send(stored(message)),
  'event:update': (connection, message) => connection.send(stored(message, 2)),
  'event:delete': (connection, { id, seq, payload }) =>
    connection.send({ type: 'ack', id, seq, payload: { id: payload.id ?? payload, version: 2, deleted: true } }),
  skip: (connection, { id, seq }) => connection.send({ type: 'ack', id, seq, payload: null }),
  echo: (connection, { id, payload }) => connection.send({ type: 'ack', id, payload }),
}
