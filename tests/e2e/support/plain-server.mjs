// A server that speaks the plain wire and nothing else, as anybody might have written one.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { WebSocketServer } from 'ws'

/** Starts it. `isMute` never answers anything; otherwise writes are acknowledged and broadcast under `names`. */
export async function startPlainServer(t, { isMute = false, names = {} } = {}) {
  const server = new PlainServer({ isMute, names })
  t.after(() => server.stop())
  await server.start()
  return server
}

const changes = { 'event:create': 'event:created', 'event:update': 'event:updated', 'event:delete': 'event:deleted' }

class PlainServer {
  #options
  #sockets
  #port = 0
  events = new Map()
  received = []

  constructor(options) {
    this.#options = options
  }

  get socket() {
    return `ws://127.0.0.1:${this.#port}/ws`
  }

  /** Starts it, after the first time on the same port and with the same events. */
  async start() {
    this.#sockets = new WebSocketServer({ host: '127.0.0.1', port: this.#port })
    await once(this.#sockets, 'listening')
    this.#port = this.#sockets.address().port
    this.#sockets.on('connection', (socket) => {
      socket.on('message', (frame) => {
        const messages = JSON.parse(frame)
        if (Array.isArray(messages)) throw new Error('A plain server takes one message a frame.')
        this.received.push(messages)
        if (!this.#options.isMute) this.#answer(socket, messages)
      })
    })
  }

  async stop() {
    for (const socket of this.#sockets.clients) socket.terminate()
    await new Promise((resolve) => this.#sockets.close(resolve))
  }

  /** Sends a message to everybody. */
  broadcast(type, payload) {
    const text = JSON.stringify({ type, payload, id: randomUUID(), timestamp: Date.now() })
    for (const socket of this.#sockets.clients) socket.send(text)
  }

  #answer(socket, { type, payload, id }) {
    const say = (answer, content) =>
      socket.send(JSON.stringify({ type: answer, id, payload: content, timestamp: Date.now() }))
    if (type === 'ping') return say('pong', null)
    if (type === 'echo') return say('ack', { you: payload })
    if (type === 'subscribe') return say('ack')
    if (!(type in changes)) return
    const change = this.#apply(type, payload)
    say('ack', change)
    this.broadcast(this.#options.names[changes[type]] ?? changes[type], change)
  }

  #apply(type, payload) {
    const eventId = payload.id ?? payload
    if (type === 'event:delete') {
      this.events.delete(eventId)
      return { id: eventId, deleted: true }
    }
    const version = (this.events.get(eventId)?.version ?? 0) + 1
    const event = { ...this.events.get(eventId), ...payload, version, updatedAt: new Date().toISOString() }
    this.events.set(eventId, event)
    return event
  }
}
