// The servers that the original documents imply, one of Story 2.3 and one of 8c: each knows the names of its own document and
// leaves everything else unanswered, tells a project's changes to those who subscribed on that socket, and announces whom it
// knows. Nothing is kept for who is away.

import { once } from 'node:events'
import { WebSocketServer } from 'ws'

const small = {
  subscribe: 'subscribe',
  unsubscribe: 'unsubscribe',
  cursor: 'user:cursor',
  typing: 'user:typing',
  selection: 'user:selection',
  told: { cursor: 'user:cursor', typing: 'user:typing', selection: 'element:selected' },
  created: 'event:created',
}

const capital = {
  subscribe: 'SUBSCRIBE_PROJECT',
  unsubscribe: 'UNSUBSCRIBE_PROJECT',
  cursor: 'CURSOR_MOVE',
  typing: 'USER_TYPING',
  selection: 'ELEMENT_SELECT',
  told: { cursor: 'CURSOR_UPDATE', typing: 'USER_TYPING', selection: 'ELEMENT_SELECTED' },
  created: 'EVENT_CREATED',
}

/** Starts one for a test; `document` is `'story-2.3'` or `'8c'`. Only the first answers a message with `ack`. */
export async function startOriginalServer(t, document) {
  const server = new OriginalServer(document === '8c' ? capital : small, document !== '8c')
  t.after(() => server.stop())
  await server.start()
  return server
}

class OriginalServer {
  #names
  #acknowledges
  #sockets
  #port = 0
  #users = 0
  #sent = 0
  /** How many sockets there ever were. */
  connections = 0
  /** The addresses that they were opened with. */
  addresses = []
  /** Everything that arrived, oldest first. */
  received = []

  constructor(names, acknowledges) {
    this.#names = names
    this.#acknowledges = acknowledges
  }

  get socket() {
    return `ws://127.0.0.1:${this.#port}/ws`
  }

  /** How many sockets are open. */
  get open() {
    return [...this.#sockets.clients].filter(({ readyState }) => readyState === 1).length
  }

  async start() {
    this.#sockets = new WebSocketServer({ host: '127.0.0.1', port: this.#port })
    await once(this.#sockets, 'listening')
    this.#port = this.#sockets.address().port
    this.#sockets.on('connection', (socket, request) => {
      this.connections += 1
      this.addresses.push(request.url)
      const user = { id: `user-${++this.#users}`, projects: new Set() }
      socket.user = user
      socket.on('message', (frame) => this.#take(socket, user, JSON.parse(frame)))
    })
  }

  async stop() {
    for (const socket of this.#sockets.clients) socket.terminate()
    await new Promise((resolve) => this.#sockets.close(resolve))
  }

  /** The payloads of all messages of a type that arrived. */
  payloads(type) {
    return this.received.filter((message) => message.type === type).map(({ payload }) => payload)
  }

  /** Tells whoever subscribed to the project. */
  tell(projectId, type, payload) {
    for (const socket of this.#sockets.clients) {
      if (socket.user.projects.has(projectId)) this.#say(socket, { type, payload })
    }
  }

  /** Tells everybody. */
  tellAll(type, payload, more = {}) {
    for (const socket of this.#sockets.clients) this.#say(socket, { type, payload, ...more })
  }

  #say(socket, message) {
    this.#sent += 1
    socket.send(JSON.stringify({ id: `server-${this.#sent}`, timestamp: Date.now(), ...message }))
  }

  #take(socket, user, message) {
    const { type, payload, id } = message
    this.received.push(message)
    const names = this.#names
    if (type === 'ping') return this.#say(socket, { type: 'pong', id })
    if (type === names.subscribe) user.projects.add(payload.projectId)
    if (type === names.unsubscribe) user.projects.delete(payload.projectId)
    for (const kind of ['cursor', 'typing', 'selection']) {
      if (type === names[kind]) this.#relay(socket, names.told[kind], { userId: user.id, ...payload })
    }
    if (type === 'event:create' && this.#acknowledges) {
      const event = { id: `made-${this.#sent}`, ...payload, version: 1, updatedAt: new Date().toISOString() }
      this.#say(socket, { type: 'ack', id, payload: event })
      return this.tell(payload.projectId, names.created, event)
    }
    if (type !== 'ack' && type !== 'hello' && this.#acknowledges) this.#say(socket, { type: 'ack', id })
  }

  #relay(from, type, payload) {
    for (const socket of this.#sockets.clients) if (socket !== from) this.#say(socket, { type, payload })
  }
}
