// A proxy between a page and a server that passes plain requests on unless it answers itself, and WebSockets only if it is
// told to.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as ask } from 'node:http'
import { connect } from 'node:net'

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** What becomes of a request to upgrade. */
const upgrades = {
  refuse: (request, socket) => socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n'),
  explain: (request, socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<p>Blocked.\r\n'),
  ignore: () => {},
  swallow: (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${magic}`).digest('base64')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
    socket.write(`Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
    socket.resume()
  },
}

/**
 * Opens a proxy on a free port in front of `server`. `upgrade` is a name above, or `pass`. `answer`, to be set, gets each
 * plain request but preflights: what it returns, `[status, body]`, is the answer, `lose` passes the request on and loses the
 * answer, nothing passes both on.
 */
export async function openProxy(t, server, upgrade) {
  const [host, port] = server.address.split(':')
  const seen = { upgrades: 0, paths: [], requests: [] }
  let answer = () => undefined
  const open = new Set()
  const keep = (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy())
  }
  const proxy = createServer((incoming, response) => {
    seen.paths.push(incoming.url)
    const { method, url, headers } = incoming
    if (method !== 'OPTIONS') seen.requests.push({ method, url, key: headers['idempotency-key'] })
    const own = method === 'OPTIONS' ? undefined : answer(incoming)
    if (Array.isArray(own)) {
      const [status, body] = own
      incoming.resume()
      response.writeHead(status, { 'access-control-allow-origin': headers.origin ?? '*' }).end(body)
      return
    }
    const outgoing = ask({ host, port, method: incoming.method, path: incoming.url, headers: incoming.headers })
    incoming.pipe(outgoing)
    outgoing.on('response', (answered) => {
      if (own === 'lose') return response.destroy()
      response.writeHead(answered.statusCode, answered.headers)
      answered.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
  })
  proxy.on('connection', keep)
  proxy.on('upgrade', (incoming, socket, head) => {
    seen.upgrades++
    if (upgrade !== 'pass') return upgrades[upgrade](incoming, socket)
    const outgoing = connect(Number(port), host)
    keep(outgoing)
    const headers = incoming.rawHeaders.map((text, at) => (at % 2 ? `${text}\r\n` : `${text}: `)).join('')
    outgoing.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers}\r\n`)
    outgoing.write(head)
    outgoing.pipe(socket).pipe(outgoing)
    socket.on('close', () => outgoing.destroy())
    outgoing.on('close', () => socket.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    proxy.close()
    for (const socket of open) socket.destroy()
  })
  return {
    address: `127.0.0.1:${proxy.address().port}`,
    get socket() {
      return `ws://${this.address}/ws`
    },
    seen,
    set answer(next) {
      answer = next
    },
    set upgrade(next) {
      upgrade = next
    },
  }
}
