import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../e2e/support/until.mjs'
import { calledByEverything, everything, refusing } from './support/everything.mjs'
import { configFor, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'
import { created, subscribed } from './support/script.mjs'

const noon = { title: 'Ours', startDate: '2026-01-01T12:00:00Z', endDate: '2026-01-01T13:00:00Z', projectId: 'p' }
const never = () => {}
const unanswered = { 'event:create': never, 'event:update': never, echo: never, subscribe: never }

/** Until the peer has been sent this: what is on its way to it when the life ends would be counted later. */
const sent = (type) => (peer) => peer.received(type).length > 0

/** Where a calendar's life may end: what the peer does until then, and when in the page or at the peer the time has come. */
const points = [
  ['before connect', {}, { connects: false }],
  ['while the socket opens', { script: { admit: never }, reached: (peer) => peer.attempts > 0 }],
  [
    'while the sign-in is unanswered',
    { script: { auth: never, hello: never }, config: { auth: { token: 'token' } }, reached: sent('auth') },
  ],
  ['while a token is made', { config: { auth: {} }, when: () => globalThis.askedForToken, refreshes: true }],
  ['before the welcome', { script: { hello: never, subscribe: never }, reached: sent('hello') }],
  [
    'in the middle of a snapshot',
    // The welcome and its first half.
    { script: { subscribe: halfSnapshot }, when: () => baro.getMetrics().messagesReceived >= 2 },
  ],
  ['behind a gap', { script: { subscribe: gap }, when: () => baro.getMetrics().gaps === 1 }],
  ['with everything unanswered', { when: () => baro.isConnected() }],
  [
    'while it waits for the next attempt',
    {
      script: { admit: (admit) => admit(503) },
      config: { reconnect: { delay: 60_000, maxDelay: 60_000 } },
      when: () => baro.getState() === 'reconnecting',
    },
  ],
  [
    'after a terminal refusal',
    { script: { opened: (connection) => connection.close(4403) }, when: () => baro.getState() === 'error' },
  ],
  ['after disconnect', { when: () => baro.isConnected() && (baro.disconnect(), true) }],
  [
    'on a line that swallows everything',
    { script: { opened: (connection) => connection.swallow() }, reached: sent('hello') },
  ],
]

function halfSnapshot(connection, message) {
  const { payload, ...rest } = subscribed(message)
  connection.send({ ...rest, payload: { ...payload, more: true, events: [created(1).payload] } })
}
function gap(connection, message) {
  if (message.payload.seq === undefined) connection.send(subscribed(message), created(5))
}

describe('a calendar that is destroyed', { concurrency: 6 }, () => {
  const room = openRoom()

  for (const [name, { script = {}, config = {}, when, reached, refreshes }, { connects = true } = {}] of points) {
    for (const [where, offline] of [
      ['in memory', false],
      ['with a database', {}],
    ]) {
      it(`${name}, ${where}, leaves nothing behind`, async (t) => {
        const peer = await startPeer(t, { ...unanswered, ...script })
        const page = await room.page(t)
        await page.evaluate(
          ([given, data, calls, refreshes, isStored]) => {
            const refreshToken = () => new Promise(() => (globalThis.askedForToken = true))
            makeCalendar(refreshes ? { ...given, auth: { ...given.auth, refreshToken } } : given)
            const promises = (globalThis.promises = {})
            if (calls) promises.connect = baro.connect()
            const { persisted, confirmed, id } = baro.createEvent(data)
            Object.assign(promises, { persisted, confirmed })
            promises.updated = baro.updateEvent(id, { title: 'Later' }).confirmed
            promises.sent = baro.send('note', 1)
            promises.acknowledged = baro.send('echo', 2, { requireAck: true, timeout: 60_000 })
            promises.subscribed = baro.subscribe('calendar:c')
            promises.flushed = baro.flush()
            baro.broadcastCursor({ x: 1, y: 1 })
            if (isStored) {
              promises.cached = baro.setCached('key', { a: 1 })
              promises.read = baro.getCached('other')
            }
          },
          [configFor(peer, { ...config, offline }), noon, connects, refreshes, offline !== false],
        )
        if (when) await untilIn(page, when)
        if (reached) await until('the peer has heard so much', () => reached(peer))
        const ended = await page.evaluate(async () => {
          const ending = baro.destroy()
          const told = heard.length
          await ending
          const settled = {}
          for (const [name, promise] of Object.entries(globalThis.promises)) {
            settled[name] = await Promise.race([
              promise.then(
                () => 'done',
                ({ code }) => code,
              ),
              new Promise((resolve) => setTimeout(resolve, 5_000, 'dangling')),
            ])
          }
          const thrown = [
            () => baro.connect(),
            () => baro.destroy(),
            () => baro.send('echo', 1),
            () => baro.getEvents(),
            () => baro.createEvent({}),
            () => baro.on('message', () => {}),
          ].map(async (call) => call())
          const refusals = (await Promise.allSettled(thrown)).map(({ reason }) => reason?.code)
          return { settled, refusals, isQuiet: heard.length === told }
        })
        const { settled, refusals, isQuiet } = ended
        assert.ok(!Object.values(settled).includes('dangling'), JSON.stringify(settled))
        // What is stored is sent by the next program; this one does not hear of it.
        const persisted = offline ? 'done' : 'not_stored'
        assert.deepEqual([settled.persisted, settled.confirmed, settled.flushed], [persisted, 'destroyed', 'destroyed'])
        assert.deepEqual(refusals, Array(6).fill('destroyed'))
        const attempts = peer.attempts
        await pause(400)
        assert.deepEqual([peer.attempts, isQuiet], [attempts, true])
        assert.deepEqual(await page.evaluate(() => uncaught), [])
        for (const connection of peer.connections) await until('the goodbye', () => connection.closed)
      })
    }
  }

  it('from inside any listener calls no listener any more', async (t) => {
    const peer = await startPeer(t, refusing)
    const page = await room.page(t)
    for (const type of calledByEverything.filter((type) => !['disconnected', 'reconnecting'].includes(type))) {
      const before = peer.connections.length
      await page.evaluate(
        ([config, wanted]) => {
          globalThis.after = []
          globalThis.ended = undefined
          makeCalendar({ ...config, windowEvents: true })
          for (const name of ['user-typing', 'cursor-update', 'element-selected', 'sync-failure']) {
            addEventListener(name, () => globalThis.ended && globalThis.after.push(name))
          }
          baro.once(wanted, () => (globalThis.ended = baro.destroy()))
          for (const name of listenerTypes) baro.on(name, () => globalThis.ended && globalThis.after.push(name))
          baro.connect().catch(() => {})
        },
        [configFor(peer), type],
      )
      // At its first change of state there is no connection yet, and perhaps there will be none.
      if (type !== 'state-change') (await peer.connection(before + 1)).send(...everything)
      await page.evaluate((data) => {
        if (globalThis.ended) return
        baro.createEvent(data)
        baro.createEvent({ ...data, title: 'Refused' })
      }, noon)
      await untilIn(page, () => globalThis.ended?.then(() => true))
      await until('the goodbye', () => peer.connections.every(({ closed }) => closed))
      assert.deepEqual(await page.evaluate(() => [globalThis.after, uncaught]), [[], []], type)
    }
  })

  it('leaves what was stored to the next one, which sends it once', async (t) => {
    const peer = await startPeer(t, { 'event:create': (connection) => connection.number > 1 && connection.swallow() })
    const page = await room.page(t)
    const config = configFor(peer, { offline: {} })
    const id = await page.evaluate(
      async ([given, data]) => {
        makeCalendar(given)
        await baro.connect()
        const write = baro.createEvent(data)
        await write.persisted
        await baro.send('note', 1)
        await baro.destroy()
        makeCalendar(given).connect()
        return write.id
      },
      [config, noon],
    )
    await peer.connection(2)
    const again = await peer.last.until('event:create')
    const [first] = peer.connections[0].received('event:create')
    assert.deepEqual(
      [again.payload.id, again.seq, again.client],
      [id, 1, peer.connections[0].received('hello')[0].payload.client],
    )
    assert.equal(first.payload.id, id)
  })

  it('refuses promises that nobody listens to without the page hearing of it', async (t) => {
    const peer = await startPeer(t, { ...unanswered, hello: never })
    const page = await room.page(t)
    await page.evaluate(
      async ([config, data]) => {
        makeCalendar({ ...config, auth: { token: 'token' } })
        baro.connect()
        baro.subscribe('calendar:c')
        baro.subscribeToProject('q')
        baro.unsubscribeFromProject('q')
        baro.send('note', 1)
        baro.send('echo', 2, { requireAck: true })
        baro.flush()
        baro.createEvent(data)
        await baro.destroy()
        await new Promise((resolve) => setTimeout(resolve, 100))
      },
      [configFor(peer), noon],
    )
    assert.deepEqual(await page.evaluate(() => uncaught), [])
    // A call that was wrong is the program's mistake, and told as one.
    await page.evaluate(() => void baro.connect())
    await untilIn(page, () => uncaught.length === 1)
  })

  it('a hundred times at once leaves no socket open', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await page.evaluate(async (config) => {
      const calendars = Array.from({ length: 100 }, () => new RealtimeCalendar(config))
      for (const calendar of calendars) calendar.connect().catch(() => {})
      await Promise.all(
        calendars.map(async (calendar, at) => {
          await new Promise((resolve) => setTimeout(resolve, at * 3))
          await calendar.destroy()
        }),
      )
    }, configFor(peer))
    await until('the last goodbye', () => peer.connections.every(({ closed }) => closed))
    // Those that were still on their way by then are left as well.
    await pause(300)
    await until('the very last goodbye', () => peer.connections.every(({ closed }) => closed))
    assert.deepEqual(await page.evaluate(() => uncaught), [])
  })
})
