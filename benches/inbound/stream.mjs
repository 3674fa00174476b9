// A server that pours: the same updates as text frames and as binary ones, prepared before anything is measured.

import { once } from 'node:events'
import { WebSocketServer } from 'ws'

const start = Date.UTC(2026, 9, 1)
const partBytes = 32 << 10
const idOf = (number) => `01a1fbf5-a540-7bc3-ae9c-${String(number).padStart(12, '0')}`

function event(number, version) {
  const from = start + number * 600_000
  return {
    id: idOf(number),
    title: `Event number ${number} in its version ${version}`,
    startDate: new Date(from).toISOString(),
    endDate: new Date(from + 3_600_000).toISOString(),
    description: 'Some words that say what this is about, as long as they mostly are.',
    location: `Room ${number % 40}`,
    attendees: ['ana@example.com', 'ben@example.com', 'cem@example.com'],
    projectId: 'p',
    color: '#2563eb',
    version,
    updatedAt: '2026-11-21T02:35:42.277Z',
  }
}

const envelope = (seq, payload) => ({
  type: 'event:updated',
  channel: 'project:p',
  seq,
  id: `epoch.${seq}`,
  timestamp: start,
  userId: 'ana',
  version: payload.version,
  payload,
})

function varint(number) {
  const bytes = []
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

const sized = (bytes) => Buffer.concat([varint(bytes.length), bytes])

/** docs/PROTOCOL.md §2.6. */
function change({ seq, timestamp, userId, payload }) {
  const [from, to] = [Date.parse(payload.startDate), Date.parse(payload.endDate)]
  const head = Buffer.from([2, 1 | 2 | 4 | 16])
  const numbers = [seq, timestamp, payload.version, from * 2, (to - from) * 2].map(varint)
  const names = [payload.id, payload.projectId, userId].map((text) => sized(Buffer.from(text)))
  return Buffer.concat([head, ...numbers, ...names, Buffer.from(JSON.stringify(payload))])
}

const forms = {
  text: (messages) => JSON.stringify(messages),
  binary: (messages) => Buffer.concat([Buffer.from([1]), ...messages.map((message) => sized(change(message)))]),
}

/** All frames of `updates` updates over `events` events, `perFrame` in each. */
export function framesOf(form, { events, updates, perFrame }) {
  const frames = []
  for (let first = 0; first < updates; first += perFrame) {
    const numbers = Array.from({ length: perFrame }, (_, at) => first + at)
    const messages = numbers.map((at) => envelope(at + 1, event((at * 7919) % events, 2 + Math.floor(at / events))))
    frames.push(perFrame === 1 && form === 'text' ? JSON.stringify(messages[0]) : forms[form](messages))
  }
  return frames
}

/** Content as the real server cuts it. */
function partsOf(texts) {
  const parts = [[]]
  let bytes = 0
  for (const text of texts) {
    if (bytes + text.length > partBytes) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1).push(text)
    bytes += text.length
  }
  return parts
}

/** Listens on a free port; `pour` sends what was prepared to the newest connection. */
export async function listen(events) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  const all = Array.from({ length: events }, (_, number) => JSON.stringify(event(number, 1)))
  const [first, ...rest] = partsOf(all)
  const welcome = {
    version: 'baro.v1',
    user: { id: 'ana' },
    heartbeat: { interval: 30_000, timeout: 5_000 },
    accepted: ['binary'],
  }
  let newest
  server.on('connection', (socket) => {
    newest = socket
    socket.on('message', (data) => {
      for (const { type, id } of [JSON.parse(data)].flat()) {
        if (type === 'hello') socket.send(JSON.stringify({ type: 'welcome', payload: welcome }))
        if (type !== 'subscribe') continue
        const head = '"channel":"project:p","epoch":"epoch","seq":0,"recovered":false'
        const part = (texts, at) => `"events":[${texts}],"more":${at < rest.length}`
        socket.send(`{"type":"subscribed","id":"${id}","payload":{${head},${part(first, 0)}}}`)
        for (const [at, texts] of rest.entries()) {
          socket.send(`{"type":"snapshot","payload":{"channel":"project:p",${part(texts, at + 1)}}}`)
        }
      }
    })
  })
  await once(server, 'listening')
  const pour = (frames) => {
    for (const frame of frames) newest.send(frame)
  }
  const close = () => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  }
  return { address: `ws://127.0.0.1:${server.address().port}/`, content: `[${all}]`, pour, close }
}
