import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { everything, refusing } from './support/everything.mjs'
import { configFor, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'
import { welcome } from './support/script.mjs'

const noon = { title: 'Ours', startDate: '2026-01-01T12:00:00Z', endDate: '2026-01-01T13:00:00Z', projectId: 'p' }
const canary = () => `canary-${randomBytes(9).toString('base64url')}`

/** A JWT that is over in so many seconds; nobody here checks its signature. */
function tokenFor(seconds) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256' })}.${part({ sub: 'ana', exp: Math.floor(Date.now() / 1000) + seconds })}.${canary()}`
}

/** Everything that a page shows or keeps, as text: what the calendar tells and answers, storage, timings. */
const shown = async () => {
  const texts = []
  const add = (value) =>
    texts.push(
      JSON.stringify(value, (_key, given) =>
        given instanceof Error
          ? { ...given, message: given.message, stack: given.stack, cause: String(given.cause) }
          : given,
      ),
    )
  add(heard)
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(baro))) {
    if (/^get(?!Cached|Event$|ConfirmedEvent$)/.test(name)) add(baro[name]())
  }
  add([...baro.getActiveUsers()])
  add(Object.entries(localStorage))
  add(Object.entries(sessionStorage))
  add(performance.getEntries())
  for (const { name } of await indexedDB.databases()) {
    texts.push(name)
    const database = await new Promise(
      (resolve) => (indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)),
    )
    for (const store of database.objectStoreNames) {
      const all = database.transaction(store).objectStore(store)
      const rows = await Promise.all(
        ['getAll', 'getAllKeys'].map(
          (get) => new Promise((resolve) => (all[get]().onsuccess = ({ target }) => resolve(target.result))),
        ),
      )
      add(rows)
    }
    database.close()
  }
  return texts.join('\n')
}

describe('the token', { concurrency: 4 }, () => {
  const room = openRoom()

  it('stands in the sign-in and nowhere else', async (t) => {
    const [first, second] = [canary(), canary()]
    const peer = await startPeer(t, {
      ...refusing,
      auth: (connection, { id, payload }) =>
        payload.token === second ? connection.send({ type: 'ack', id }) : connection.close(4401, 'expired'),
    })
    const page = await room.page(t)
    const said = ['(what the console heard)']
    page.on('console', (message) => said.push(message.text()))
    const asked = ['(what the page asked for)']
    page.on('request', (request) => asked.push(request.url(), JSON.stringify(request.headers())))
    await page.evaluate(
      async ([config, token, next]) => {
        // A refusal of the refresh, too, and one that brings the token along.
        let calls = 0
        const refreshToken = async () => {
          if (++calls === 1) throw new Error('the service is away')
          return next
        }
        makeCalendar({ ...config, auth: { token, refreshToken }, offline: {}, windowEvents: true })
        await baro.connect()
      },
      [configFor(peer), first, second],
    )
    await untilIn(page, () => baro.getMetrics().snapshots === 1)
    peer.last.send(...everything)
    await page.evaluate(async (data) => {
      const write = baro.createEvent(data)
      await write.persisted
      await write.confirmed
      await baro.createEvent({ ...data, title: 'Refused' }).confirmed.catch(() => {})
      await baro.setCached('key', 1)
      try {
        new RealtimeCalendar({ url: 'ws://host', auth: { token: 5 } })
      } catch (error) {
        heard.push(['thrown', error])
      }
    }, noon)
    peer.last.send({ type: 'error', payload: { code: 'rate_limited', message: 'slow down' } })
    peer.last.reset()
    await untilIn(page, () => baro.getMetrics().connects === 2)
    const everywhere = [
      await page.evaluate(shown),
      said.join('\n'),
      asked.join('\n'),
      page.url(),
      JSON.stringify(peer.connections.map(({ url, headers }) => [url, headers])),
      JSON.stringify(peer.connections.flatMap(({ messages }) => messages.filter(({ type }) => type !== 'auth'))),
    ]
    for (const token of [first, second]) {
      assert.ok(peer.received('auth').some(({ payload }) => payload.token === token))
      for (const [at, text] of everywhere.entries()) {
        assert.ok(text.length > 0, `place ${at} is empty`)
        assert.ok(
          !text.includes(token),
          `place ${at} holds a token: …${text.slice(text.indexOf(token) - 80, text.indexOf(token))}`,
        )
      }
    }
    // The search finds what is there.
    assert.ok(everywhere[0].includes('rate_limited') && everywhere[0].includes('baro-calendar-offline'))
  })

  it('goes into the address or the subprotocol when that is asked for, escaped', async (t) => {
    const token = 'a+b/c=&d e'
    for (const [placement, given, find] of [
      ['query', token, ({ url }) => new URL(url, 'ws://host').searchParams.get('token')],
      ['subprotocol', 'a.b-c', ({ headers }) => headers['sec-websocket-protocol'].replace('baro.token.', '')],
    ]) {
      const peer = await startPeer(t)
      const page = await room.page(t)
      await page.evaluate(
        ([config, auth]) => makeCalendar({ ...config, auth }).connect(),
        [configFor(peer), { token: given, placement }],
      )
      assert.equal(find(peer.last), given)
      assert.equal(peer.received('auth').length, 0)
    }
  })

  it('that runs out soon is not presented: a new one is made first', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    const [old, next] = [tokenFor(20), tokenFor(3_600)]
    await page.evaluate(
      ([config, token, made]) => makeCalendar({ ...config, auth: { token, refreshToken: async () => made } }).connect(),
      [configFor(peer), old, next],
    )
    assert.deepEqual(
      peer.received('auth').map(({ payload }) => payload.token),
      [next],
    )
  })

  it('is renewed in band before its end, without a disconnection', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    // With less than 30 seconds left it would not be presented at all, and the page takes a while to. It is renewed after
    // four fifths of what is left: some 28 seconds.
    const [old, next] = [tokenFor(36), tokenFor(3_600)]
    await page.evaluate(
      ([config, token, made]) => {
        globalThis.made = 0
        const refreshToken = async () => (globalThis.made++, made)
        return makeCalendar({ ...config, auth: { token, refreshToken } }).connect()
      },
      [configFor(peer), old, next],
    )
    await peer.last.until('auth', 2)
    assert.deepEqual(
      peer.last.received('auth').map(({ payload }) => payload.token),
      [old, next],
    )
    assert.deepEqual([peer.attempts, await page.evaluate(() => globalThis.made)], [1, 1])
    assert.deepEqual(await page.evaluate(() => heard.filter(([type]) => type === 'disconnected')), [])
  })

  it('that nobody ever makes is waited for ten seconds, and then asked for again', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await page.evaluate((config) => {
      globalThis.asked = 0
      const refreshToken = () => (++globalThis.asked === 1 ? new Promise(() => {}) : Promise.resolve('made'))
      return makeCalendar({ ...config, auth: { refreshToken } }).connect()
    }, configFor(peer))
    assert.deepEqual([await page.evaluate(() => globalThis.asked), peer.attempts], [2, 1])
  })

  it('that comes after disconnect is dropped', async (t) => {
    const peer = await startPeer(t, { hello: (connection) => connection.send(welcome()) })
    const page = await room.page(t)
    await page.evaluate((config) => {
      const refreshToken = () => new Promise((resolve) => (globalThis.give = resolve))
      makeCalendar({ ...config, auth: { refreshToken } })
        .connect()
        .catch(() => {})
    }, configFor(peer))
    await untilIn(page, () => globalThis.give)
    await page.evaluate(() => {
      baro.disconnect()
      globalThis.give('late')
    })
    await pause(1_000)
    assert.deepEqual([peer.attempts, await page.evaluate(() => baro.getState())], [0, 'disconnected'])
  })

  for (const [what, answer] of [
    ['no string', '() => 5'],
    ['an empty string', "async () => ''"],
    ['nothing', '() => undefined'],
    ['an exception', '() => { throw undefined }'],
    ['a thenable that throws', '() => ({ get then() { throw new Error("no") } })'],
  ]) {
    it(`of which refreshToken makes ${what} is asked for again, and nothing breaks`, async (t) => {
      const peer = await startPeer(t)
      const page = await room.page(t)
      await page.addScriptTag({ content: `globalThis.bad = ${answer}` })
      await page.evaluate((config) => {
        let calls = 0
        const refreshToken = () => (++calls < 3 ? globalThis.bad() : 'good')
        return makeCalendar({ ...config, auth: { refreshToken } }).connect()
      }, configFor(peer))
      const told = await page.evaluate(() => heard.filter(([type]) => type === 'error').map(([, { code }]) => code))
      assert.deepEqual([told, peer.attempts], [['token_unavailable', 'token_unavailable'], 1])
      assert.deepEqual(await page.evaluate(() => uncaught), [])
    })
  }
})
