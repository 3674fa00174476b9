import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../e2e/support/until.mjs'
import { configFor, makeConnected, showsIds, states, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'
import { created, event, stored, welcome } from './support/script.mjs'

const noon = { title: 'Noon', startDate: '2026-01-01T12:00:00Z', endDate: '2026-01-01T13:00:00Z', projectId: 'p' }

/** Writes an event in the page; `globalThis.confirmed` counts how often the server's word arrived. */
const write = (page) =>
  page.evaluate((data) => {
    globalThis.confirmed = 0
    baro.createEvent(data).confirmed.then(() => (globalThis.confirmed += 1))
  }, noon)

describe('a connection that ends badly', { concurrency: 8 }, () => {
  const room = openRoom()

  it('a server that accepts and closes after 25 ms sees at most twelve connects in 40 s', async (t) => {
    const peer = await startPeer(t, { opened: (connection) => setTimeout(() => connection.close(1000), 25) })
    const page = await room.page(t)
    const reconnect = { maxAttempts: Infinity }
    await page.evaluate((config) => void makeCalendar(config).connect(), configFor(peer, { reconnect }))
    await pause(40_000)
    const { length } = peer.connections
    assert.ok(length >= 4 && length <= 12, `${length} connects`)
    assert.deepEqual(await page.evaluate(() => uncaught), [])
  })

  it('an unanswered write on a link that swallows everything moves to a new connection, and is done once', async (t) => {
    const peer = await startPeer(t, { hello: (connection) => connection.number > 1 && connection.send(welcome()) })
    peer.script.opened = (connection) => {
      if (connection.number > 1) return
      connection.send(welcome())
      connection.swallow()
    }
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    const from = performance.now()
    await write(page)
    const second = await peer.connection(2)
    // One second of silence and three for an answer.
    const took = second.openedAt - from
    assert.ok(took > 2_000, `${took} ms`)
    await untilIn(page, () => globalThis.confirmed === 1)
    const [first, again] = peer.received('event:create')
    assert.deepEqual([first.seq, first.id, first.payload.id], [again.seq, again.id, again.payload.id])
    assert.equal(peer.received('event:create').length, 2)
    assert.deepEqual(await states(page), ['connecting', 'connected', 'reconnecting', 'connecting', 'connected'])
  })

  it('a link that nobody reads any more is noticed by the heartbeat, although no goodbye is ever answered', async (t) => {
    const heartbeat = { interval: 1_000, timeout: 500 }
    // The next connection has time: how quick the machine is, is not the question.
    const peer = await startPeer(t, {
      hello: (connection) => connection.send(connection.number === 1 ? welcome({ heartbeat }) : welcome()),
    })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    const first = peer.last
    await first.until('ping')
    first.stall()
    await peer.connection(2)
    await untilIn(page, () => baro.isConnected())
    assert.equal(first.closed, undefined)
    first.unstall()
    await until('the first goodbye', () => first.closed)
    await untilIn(page, () => baro.getMetrics().connects === 2)
    assert.deepEqual(await page.evaluate(() => heard.filter(([type]) => type === 'disconnected')), [
      ['disconnected', 1006, 'no answer'],
    ])
  })

  it('resets before, during and after the greeting are survived, each with one attempt more', async (t) => {
    const at = { 1: 'hello', 2: 'subscribe', 3: 'event:create' }
    const answer = (type, say) => (connection, message) =>
      at[connection.number] === type ? connection.reset() : say(connection, message)
    const peer = await startPeer(t)
    const { hello, subscribe } = peer.script
    Object.assign(peer.script, {
      hello: answer('hello', hello),
      subscribe: answer('subscribe', subscribe),
      'event:create': answer('event:create', (connection, message) => connection.send(stored(message))),
    })
    const page = await room.page(t)
    await page.evaluate((config) => void makeCalendar(config).connect(), configFor(peer))
    await write(page)
    await untilIn(page, () => globalThis.confirmed === 1)
    await peer.connection(4)
    const writes = peer.received('event:create')
    assert.equal(new Set(writes.map(({ seq, id }) => `${seq} ${id}`)).size, 1)
    assert.deepEqual([peer.connections.length, await page.evaluate(() => uncaught)], [4, []])
  })

  it('of a frame that was cut by a reset nothing is taken', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await peer.last.until('subscribe')
    peer.last.send(created(1, 'whole'))
    await showsIds(page, ['whole'])
    peer.last.cutFrame(JSON.stringify(created(2, 'cut')))
    const second = await peer.connection(2)
    const { payload } = await second.until('subscribe')
    assert.deepEqual([payload.projectId, payload.epoch, payload.seq], ['p', 'e1', 1])
    await untilIn(page, () => baro.getMetrics().recoveries === 1)
    await showsIds(page, ['whole'])
    assert.equal(await page.evaluate(() => baro.getMetrics().malformed), 0)
  })

  it('a server that takes the line and never answers the handshake is given up, and asked again', async (t) => {
    const peer = await startPeer(t, { admit: (admit, attempt) => attempt > 1 && admit() })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    assert.deepEqual([peer.attempts, peer.connections.length], [2, 1])
    assert.deepEqual(await states(page), ['connecting', 'reconnecting', 'connecting', 'connected'])
  })

  it('a handshake that is refused over HTTP is tried again with backoff', async (t) => {
    const peer = await startPeer(t, { admit: (admit, attempt) => admit(attempt > 3 ? undefined : 503) })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    assert.equal(peer.attempts, 4)
    const waits = await page.evaluate(() => heard.filter(([type]) => type === 'reconnecting').map(([, count]) => count))
    assert.deepEqual(waits, [1, 2, 3])
  })

  it('when the attempts are used up the state is error, and connect begins anew', async (t) => {
    const peer = await startPeer(t, { admit: (admit, attempt) => admit(attempt > 3 ? undefined : 503) })
    const page = await room.page(t)
    const reconnect = { delay: 10, maxDelay: 20, maxAttempts: 2 }
    const { code, retryable } = await page.evaluate(
      (config) =>
        makeCalendar(config)
          .connect()
          .catch(({ code, retryable }) => ({ code, retryable })),
      configFor(peer, { reconnect }),
    )
    assert.deepEqual([code, retryable, peer.attempts], ['max_attempts', true, 3])
    assert.equal(await page.evaluate(() => baro.getState()), 'error')
    await page.evaluate(() => baro.connect())
    assert.equal(peer.attempts, 4)
    assert.equal(await page.evaluate(() => heard.filter(([type]) => type === 'max-reconnect-attempts').length), 1)
  })

  it('late frames and the late end of a socket that was left change nothing', async (t) => {
    const peer = await startPeer(t, { flood: (connection) => connection.send(created(1, 'late')) })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    const first = peer.last
    await first.until('subscribe')
    await untilIn(page, () => baro.getMetrics().snapshots === 1)
    // The frame lies in the page's queue when the program leaves the socket: nothing runs in between.
    await page.evaluate(async () => {
      await baro.send('flood', null)
      await new Promise((resolve) => setTimeout(resolve))
      const end = performance.now() + 500
      while (performance.now() < end);
      baro.reconnect()
    })
    await until('the frame on the first connection', () => first.received('flood').length === 1)
    await peer.connection(2)
    await untilIn(page, () => baro.isConnected() && baro.getMetrics().recoveries === 1)
    first.sendLate({ type: 'event:deleted', payload: 'late' })
    first.close(4403, 'late')
    peer.last.send(created(1, 'new'))
    await showsIds(page, ['new'])
    assert.deepEqual(await page.evaluate(() => [baro.getState(), baro.getMetrics().connects]), ['connected', 2])
    assert.equal(await page.evaluate(() => heard.filter(([type]) => type === 'error').length), 0)
  })

  it('two tabs, ten calls of connect and of reconnect: each calendar holds one socket', async (t) => {
    const peer = await startPeer(t)
    const pages = await Promise.all([room.page(t), room.page(t)])
    for (const page of pages) {
      await page.evaluate(async (config) => {
        makeCalendar(config)
        const waiting = []
        for (let call = 0; call < 10; call++) {
          waiting.push(baro.connect())
          baro.reconnect()
          if (call % 3 === 0) dispatchEvent(new Event('online'))
          if (call % 4 === 0) baro.disconnect()
        }
        await Promise.allSettled([...waiting, baro.connect()])
      }, configFor(peer))
    }
    await until('one socket each', () => peer.connections.filter(({ closed }) => !closed).length === 2)
    await pause(500)
    assert.equal(peer.connections.filter(({ closed }) => !closed).length, 2)
    for (const connection of peer.connections.filter(({ closed }) => !closed)) connection.send(created(1, 'one'))
    await Promise.all(pages.map((page) => showsIds(page, ['one'])))
    assert.deepEqual(event('one').title, await pages[0].evaluate(() => baro.getEvent('one').title))
  })
})
