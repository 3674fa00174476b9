import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../e2e/support/until.mjs'
import { configFor, makeConnected, states, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'
import { resumed, welcome } from './support/script.mjs'

// The table of docs/PROTOCOL.md, §1.5. A close without a code is 1005 in the page, a torn line 1006.
const comeBack = [1000, undefined, 1002, 1006, 1011, 3000, 4000, 4408, 4429, 4499]
const comeBackSpread = [1001, 1012, 1013]
const stayAway = {
  1009: 'too_large',
  4400: 'protocol_error',
  4403: 'forbidden',
  4500: 'refused_by_server',
  4999: 'refused_by_server',
}
/** Longer than any delay that the calendars here are configured with. */
const longerThanBackoff = 1_000

const told = (page, type) => page.evaluate((wanted) => heard.filter(([name]) => name === wanted), type)
const errors = (page) =>
  page.evaluate(() => heard.filter(([type]) => type === 'error').map(([, { code, message }]) => [code, message]))

describe('the code with which a server closes', { concurrency: 6 }, () => {
  const room = openRoom()

  for (const code of comeBack) {
    it(`${code ?? 'none'}: the calendar comes back with backoff`, async (t) => {
      const peer = await startPeer(t)
      const page = await room.page(t)
      await makeConnected(page, configFor(peer))
      peer.last.close(code, code === 1006 ? '' : 'because')
      await untilIn(page, () => baro.getMetrics().connects === 2)
      const [[, seen]] = await told(page, 'disconnected')
      assert.equal(seen, code ?? 1005)
      assert.deepEqual(await states(page), ['connecting', 'connected', 'reconnecting', 'connecting', 'connected'])
      const [[, attempt, delay]] = await told(page, 'reconnecting')
      assert.ok(attempt === 1 && delay >= 25 && delay <= 50, `attempt ${attempt} in ${delay} ms`)
      assert.deepEqual(await errors(page), [])
    })
  }

  for (const code of comeBackSpread) {
    it(`${code}: the calendar comes back within the window that the server named`, async (t) => {
      const peer = await startPeer(t)
      const page = await room.page(t)
      const reconnect = { delay: 30_000, maxDelay: 30_000, maxAttempts: Infinity }
      await makeConnected(page, configFor(peer, { reconnect }))
      peer.last.send({ type: 'drain', payload: { windowMs: 400 } })
      peer.last.close(code)
      await untilIn(page, () => baro.getMetrics().connects === 2)
      const [[, attempt, delay]] = await told(page, 'reconnecting')
      assert.ok(attempt === 1 && delay <= 400, `attempt ${attempt} in ${delay} ms`)
    })
  }

  for (const [code, cause] of Object.entries(stayAway)) {
    it(`${code}: the calendar stays away until the program connects again`, async (t) => {
      const peer = await startPeer(t)
      const page = await room.page(t)
      await makeConnected(page, configFor(peer))
      peer.last.close(Number(code), 'because')
      await untilIn(page, () => baro.getState() === 'error')
      await page.evaluate(() => {
        for (const type of ['online', 'pageshow', 'focus']) dispatchEvent(new Event(type))
        document.dispatchEvent(new Event('visibilitychange'))
      })
      await pause(longerThanBackoff)
      assert.equal(peer.attempts, 1)
      assert.deepEqual(await errors(page), [[cause, `the server closed the connection with ${code}: because`]])
      await page.evaluate(() => baro.connect())
      assert.deepEqual([peer.attempts, await page.evaluate(() => baro.getState())], [2, 'connected'])
    })
  }

  it('before the connection is usable rejects connect, when it is a terminal one', async (t) => {
    const peer = await startPeer(t, { opened: (connection) => connection.close(4403, 'not you') })
    const page = await room.page(t)
    const rejected = await page.evaluate(
      (config) =>
        makeCalendar({ ...config, auth: { token: 'opaque' } })
          .connect()
          .catch(({ name, code, retryable }) => [name, code, retryable]),
      configFor(peer),
    )
    assert.deepEqual(rejected, ['RealtimeError', 'forbidden', false])
  })

  // A server that is slow to refuse is taken for one that takes everybody in without a word.
  for (const [when, delay] of [
    ['at once', 0],
    ['late', 2_500],
  ]) {
    it(`4401 ${when}: a new token is made once at once, and then with backoff`, async (t) => {
      const peer = await startPeer(t, {
        auth: (connection, { id, payload }) =>
          payload.token === 'token-3'
            ? connection.send({ type: 'ack', id })
            : setTimeout(() => connection.close(4401, 'expired'), payload.token === 'token-0' ? delay : 0),
        // Who is not let in is told nothing else.
        hello: (connection) => connection.number === 4 && connection.send(welcome()),
        subscribe: (connection, message) => connection.number === 4 && connection.send(resumed(message)),
      })
      const page = await room.page(t)
      await page.evaluate((config) => {
        globalThis.made = 0
        const refreshToken = async () => `token-${++globalThis.made}`
        return makeCalendar({ ...config, auth: { token: 'token-0', refreshToken } }).connect()
      }, configFor(peer))
      await untilIn(page, () => globalThis.made >= 3 && baro.isConnected() && baro.getMetrics().snapshots > 0)
      assert.deepEqual(
        peer.received('auth').map(({ payload }) => payload.token),
        ['token-0', 'token-1', 'token-2', 'token-3'],
      )
      const waits = await told(page, 'reconnecting')
      // The first refusal is answered at once; the second and the third wait.
      assert.deepEqual(
        waits.map(([, attempt]) => attempt),
        [1, 2],
      )
      assert.equal(await page.evaluate(() => globalThis.made), 3)
    })
  }

  it('4401 without a way to make a token is final', async (t) => {
    // With the answer to the opening, so that it comes before the calendar can take the server for one without a word.
    const peer = await startPeer(t, { opened: (connection) => connection.close(4401, 'expired') })
    const page = await room.page(t)
    const rejected = await page.evaluate(
      (config) =>
        makeCalendar(config)
          .connect()
          .catch(({ code }) => code),
      configFor(peer, { auth: { token: 'token-0' } }),
    )
    await pause(longerThanBackoff)
    assert.deepEqual(
      [rejected, await page.evaluate(() => baro.getState()), peer.attempts],
      ['unauthorized', 'error', 1],
    )
  })

  it('4401 late without a way to make a token is final, and told', async (t) => {
    const peer = await startPeer(t, { auth: () => {}, hello: () => {}, subscribe: () => {} })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer, { auth: { token: 'token-0' } }))
    peer.last.close(4401, 'expired')
    await untilIn(page, () => baro.getState() === 'error')
    await pause(longerThanBackoff)
    assert.deepEqual([(await errors(page)).map(([code]) => code), peer.attempts], [['unauthorized'], 1])
  })

  it('after disconnect nothing brings the calendar back but connect', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    const first = peer.last
    await page.evaluate(() => {
      baro.disconnect()
      for (const type of ['offline', 'online', 'pageshow', 'focus']) dispatchEvent(new Event(type))
      for (const type of ['visibilitychange', 'resume']) document.dispatchEvent(new Event(type))
    })
    first.send({ type: 'event:deleted', payload: 'x' })
    await pause(longerThanBackoff)
    assert.deepEqual([peer.attempts, await page.evaluate(() => baro.getState())], [1, 'disconnected'])
    const { code } = await until('the goodbye', () => first.closed)
    assert.equal(code, 1000)
  })
})
