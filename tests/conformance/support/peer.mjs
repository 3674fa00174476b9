// The server at the other end of a page's socket, which does what a test's script says: politely, wrongly, late, or not
// at all. Owns its connections and a record of all that arrived; it judges nothing, and no page can make it fail.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { until } from '../../e2e/support/until.mjs'
import { polite } from './script.mjs'

/**
 * Starts a peer for one test. A script is an object: `opened(connection)` is called for each new connection, and the
 * function under a message's type (or `otherwise`) with `(connection, message)` for each message. `admit(admit, attempt)`,
 * if there is one, lets a page in by `admit()`, refuses it by `admit(status)`, or leaves it waiting.
 */
export async function startPeer(t, script = {}) {
  const peer = new Peer({ ...polite, ...script })
  t.after(() => peer.stop())
  await peer.start()
  return peer
}

class Peer {
  #http = createServer()
  #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 << 20 })
  #lines = new Set()
  script
  /** How often a page asked for a connection. */
  attempts = 0
  /** All connections that there ever were, in order. */
  connections = []

  constructor(script) {
    this.script = script
  }

  async start() {
    this.#http.on('connection', (line) => {
      this.#lines.add(line)
      line.on('error', () => {})
      line.on('close', () => this.#lines.delete(line))
    })
    this.#http.on('upgrade', (request, line, head) => {
      this.attempts += 1
      const refuse = (status) =>
        line.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      const take = () =>
        this.#sockets.handleUpgrade(request, line, head, (socket) => {
          this.connections.push(new Connection(this, socket, request, this.connections.length + 1))
        })
      const admit = (status) => (status === undefined ? take() : refuse(status))
      if (this.script.admit) this.script.admit(admit, this.attempts)
      else admit()
    })
    this.#http.listen(0, '127.0.0.1')
    await once(this.#http, 'listening')
  }

  async stop() {
    this.#http.close()
    for (const line of this.#lines) line.destroy()
    await once(this.#http, 'close')
  }

  get port() {
    return this.#http.address().port
  }

  get socket() {
    return `ws://127.0.0.1:${this.port}/ws`
  }

  /** The newest connection. */
  get last() {
    return this.connections.at(-1)
  }

  /** All messages of a type that ever arrived, on whichever connection. */
  received(type) {
    return this.connections.flatMap((connection) => connection.messages).filter((message) => message.type === type)
  }

  /** Waits for the connection of this number, counted from 1. */
  connection(number) {
    return until(`connection ${number}`, () => this.connections[number - 1])
  }
}

class Connection {
  #socket
  #isMute = false
  /** Counted from 1. */
  number
  openedAt = performance.now()
  url
  headers
  /** What arrived: frames as text, and their messages. */
  frames = []
  messages = []
  /** `{ code, at }` once the page has said goodbye or the line is gone. */
  closed

  constructor(peer, socket, request, number) {
    this.#socket = socket
    this.number = number
    this.url = request.url
    this.headers = request.headers
    socket.on('error', () => {})
    socket.on('close', (code) => (this.closed = { code, at: performance.now() }))
    socket.on('message', (frame) => this.#take(peer, frame.toString()))
    peer.script.opened?.(this)
  }

  #take(peer, text) {
    this.frames.push(text)
    for (const message of [JSON.parse(text)].flat()) {
      this.messages.push(message)
      if (!this.#isMute) (peer.script[message.type] ?? peer.script.otherwise)?.(this, message)
    }
  }

  received(type) {
    return this.messages.filter((message) => message.type === type)
  }

  /** Waits until so many messages of a type arrived on this connection, and returns the last of them. */
  async until(type, count = 1) {
    await until(`${count} ${type} on connection ${this.number}`, () => this.received(type).length >= count)
    return this.received(type)[count - 1]
  }

  /** Lets go of what arrived, for tests in which that is much. */
  forget() {
    this.frames = []
    this.messages = []
  }

  /** Sends messages, each in a frame of its own. */
  send(...messages) {
    for (const message of messages) this.sendText(JSON.stringify(message))
  }

  /** Sends a frame as it is: text, or bytes as a binary frame. */
  sendText(frame) {
    this.#socket.send(frame)
  }

  /** Says goodbye with this code, and hangs up. Codes that no program may send go out as they are. */
  close(code, reason = '') {
    if (code === undefined) return this.#socket.close()
    if (code === 1006) return this.#socket.terminate()
    if (isSendable(code)) return this.#socket.close(code, reason)
    const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)])
    this.#socket._socket.end(Buffer.concat([Buffer.from([0x88, payload.length]), payload]))
  }

  /** Tears the line with a TCP reset. */
  reset() {
    this.#socket._socket.resetAndDestroy()
  }

  /** Sends the first half of a frame and tears the line. */
  cutFrame(text) {
    const payload = Buffer.from(text)
    const line = this.#socket._socket
    const head = Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff])
    // Flushed before the reset, which would take it along.
    line.write(Buffer.concat([head, payload.subarray(0, payload.length / 2)]), () =>
      setTimeout(() => line.resetAndDestroy(), 50),
    )
  }

  /** Sends bytes that no WebSocket frame begins with. */
  breakFraming() {
    this.#socket._socket.write(Buffer.alloc(32, 0xff))
  }

  /** Sends a text frame that is no UTF-8. */
  sendInvalidUtf8() {
    this.#socket._socket.write(Buffer.from([0x81, 2, 0xc3, 0x28]))
  }

  /** From now on nobody is there, although the line stands: what arrives is recorded and nothing is answered. */
  swallow() {
    this.#isMute = true
  }

  /** As `swallow`, and not even read: what the page sends fills the line. A goodbye is not answered either. */
  stall() {
    this.#isMute = true
    this.#socket._socket.pause()
  }

  /** Reads again after `stall`. */
  unstall() {
    this.#isMute = false
    this.#socket._socket.resume()
  }

  /** Sends a frame although the page said goodbye: by hand, as the library would refuse. */
  sendLate(message) {
    const payload = Buffer.from(JSON.stringify(message))
    if (payload.length > 125) throw new Error('A late frame is a short one.')
    this.#socket._socket.write(Buffer.concat([Buffer.from([0x81, payload.length]), payload]))
  }
}

const isSendable = (code) => (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || code >= 3000
