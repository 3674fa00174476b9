import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../e2e/support/until.mjs'
import { startBrowser } from './support/devtools.mjs'
import { configFor, makeConnected, servePage, showsIds, states, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'
import { created, recovered, subscribed, welcome } from './support/script.mjs'

const noon = { title: 'Ours', startDate: '2026-01-01T12:00:00Z', endDate: '2026-01-01T13:00:00Z', projectId: 'p' }

/** A peer that goes on where it was left, with what was missed. `history` grows while nobody listens. */
const resuming = (history) => ({
  subscribe(connection, message) {
    const { seq } = message.payload
    if (seq === undefined) return connection.send(subscribed(message))
    connection.send(recovered(message, { seq: history.length }), ...history.slice(seq))
  },
})

const count = (page, type) => page.evaluate((wanted) => heard.filter(([name]) => name === wanted).length, type)

/** What browsers say of the network, without touching the network. */
async function network(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const tell = (offline) =>
    session.send('Network.overrideNetworkState', {
      offline,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    })
  return { offline: () => tell(true), online: () => tell(false) }
}

describe('what the browser says of the network', { concurrency: 4 }, () => {
  const room = openRoom()

  it('a spurious pair of offline and online costs one question and no connection', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    const { offline, online } = await network(page)
    await offline()
    await untilIn(page, () => baro.getSyncStatus().online === false)
    assert.deepEqual(await page.evaluate(() => [baro.getState(), navigator.onLine]), ['connected', false])
    await online()
    await untilIn(page, () => baro.getSyncStatus().online === true)
    await peer.last.until('ping')
    // Beyond the deadline of both questions.
    await pause(3_000)
    assert.equal(peer.attempts, 1)
    assert.deepEqual([await count(page, 'disconnected'), await count(page, 'error')], [0, 0])
  })

  it('a link that does not answer after online is replaced within seconds', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    const { offline, online } = await network(page)
    peer.last.stall()
    await offline()
    await online()
    // The deadline is two seconds; the heartbeat would take a minute, which is longer than this waits.
    await peer.connection(2)
    await untilIn(page, () => baro.isConnected())
  })

  it('online ends a long wait', async (t) => {
    const peer = await startPeer(t, { admit: (admit, attempt) => admit(attempt > 1 ? undefined : 503) })
    const page = await room.page(t)
    const reconnect = { delay: 60_000, maxDelay: 60_000, maxAttempts: Infinity }
    await page.evaluate((config) => void makeCalendar(config).connect(), configFor(peer, { reconnect }))
    await untilIn(page, () => baro.getState() === 'reconnecting')
    const { offline, online } = await network(page)
    await offline()
    await online()
    await untilIn(page, () => baro.isConnected())
    assert.equal(peer.attempts, 2)
  })
})

/** Goes to another page, and waits until the calendar has said goodbye. */
async function leave(page, peer) {
  await page.evaluate(() => void (location.href = '/away.html'))
  await page.waitForURL('**/away.html')
  await until('the goodbye', () => peer.last.closed)
}

describe('the back-forward cache', { concurrency: 2 }, () => {
  // Playwright switches it off.
  const room = openRoom({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })

  for (const [where, offline] of [
    ['in memory', false],
    ['with a database', {}],
  ]) {
    it(`takes the page, ${where}; on its return the calendar goes on where it was`, async (t) => {
      const history = []
      const peer = await startPeer(t, resuming(history))
      const page = await room.page(t)
      await page.evaluate(() => {
        globalThis.shown = []
        for (const type of ['pagehide', 'pageshow']) {
          addEventListener(type, ({ persisted }) => globalThis.shown.push([type, persisted]))
        }
      })
      await makeConnected(page, configFor(peer, { offline }))
      await untilIn(page, () => baro.getMetrics().snapshots === 1)
      for (const round of [1, 2]) {
        await leave(page, peer)
        history.push(created(history.length + 1), created(history.length + 2))
        await page.goBack({ waitUntil: 'commit' })
        await untilIn(page, () => globalThis.ready)
        const why = await page.evaluate(() => JSON.stringify(performance.getEntriesByType('navigation')))
        assert.ok(await page.evaluate(() => globalThis.baro !== undefined), `Chromium did not keep the page: ${why}`)
        const asked = await (await peer.connection(round + 1)).until('subscribe')
        assert.deepEqual([asked.payload.epoch, asked.payload.seq], ['e1', history.length - 2])
        await showsIds(
          page,
          history.map(({ payload }) => payload.id),
        )
      }
      assert.equal(peer.connections[0].closed.code, 1000)
      const both = [
        ['pagehide', true],
        ['pageshow', true],
      ]
      assert.deepEqual(await page.evaluate(() => globalThis.shown), [...both, ...both])
      // No backoff, and nothing that looks like trouble.
      assert.deepEqual(
        [await count(page, 'reconnecting'), await count(page, 'error'), await page.evaluate(() => uncaught)],
        [0, 0, []],
      )
      const round = ['disconnected', 'connecting', 'connected']
      assert.deepEqual(await states(page), ['connecting', 'connected', ...round, ...round])
    })
  }

  it('keeps what was written on the way out, and it is sent once, by this page or by the next', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    const config = configFor(peer, { offline: {} })
    await makeConnected(page, config)
    await page.evaluate((data) => {
      addEventListener('pagehide', () => void baro.createEvent(data))
    }, noon)
    await leave(page, peer)
    await page.goBack({ waitUntil: 'commit' })
    await untilIn(page, () => globalThis.ready)
    // A page whose write is not finished when it goes may not be kept as it is.
    const isKept = await page.evaluate(() => globalThis.baro !== undefined)
    if (!isKept) await makeConnected(page, config)
    await peer.connection(2)
    await peer.last.until('event:create')
    await page.evaluate(() => baro.flush())
    assert.equal(peer.received('event:create').length, 1)
  })
})

describe('a tab in the background', { concurrency: 3 }, () => {
  let site
  before(async () => (site = await servePage()))
  after(() => site?.close())

  /** A tab with a connected calendar, in a browser of its own. */
  async function openTab(t, peer, more) {
    const browser = await startBrowser(t)
    const tab = await browser.open(site.address, 'globalThis.ready')
    const { reconnect, ...config } = configFor(peer, more)
    await tab.call(
      (given) => {
        makeCalendar({ ...given, reconnect: { ...given.reconnect, maxAttempts: Infinity } })
        return baro.connect()
      },
      { ...config, reconnect: { ...reconnect, maxAttempts: 1 } },
    )
    await tab.until(() => baro.getMetrics().snapshots === 1)
    return { browser, tab }
  }

  /** Opens another tab in front. */
  async function hide(browser, tab) {
    await browser.open(`${site.address}/away.html`)
    await tab.until(() => document.visibilityState === 'hidden')
  }

  it('keeps its connection, and says that its user is away', async (t) => {
    const peer = await startPeer(t)
    const { browser, tab } = await openTab(t, peer)
    await hide(browser, tab)
    const away = await peer.last.until('user:status')
    assert.deepEqual(away.payload, { status: 'away' })
    peer.last.send(created(1))
    await tab.until(() => baro.getEvents().length === 1)
    await tab.show()
    const back = await peer.last.until('user:status', 2)
    assert.deepEqual([back.payload, peer.attempts], [{ status: 'active' }, 1])
  })

  it('gives its connection up when its time is over, but no sooner than its writes are decided', async (t) => {
    const history = []
    const peer = await startPeer(t, { ...resuming(history), 'event:create': () => {} })
    const { browser, tab } = await openTab(t, peer, { visibility: { disconnectAfter: 300 } })
    await tab.call((data) => void baro.createEvent(data), noon)
    const first = peer.last
    const { attempts } = peer
    const write = await first.until('event:create')
    await hide(browser, tab)
    await pause(2_000)
    assert.equal(await tab.call(() => baro.getState()), 'connected')
    first.send({ type: 'ack', id: write.id, seq: write.seq, payload: { ...write.payload, version: 1 } })
    await tab.until(() => baro.getState() === 'disconnected')
    await until('the goodbye', () => first.closed)
    assert.deepEqual(
      [first.closed.code, peer.attempts],
      [1000, attempts],
      await tab.call(() => JSON.stringify(baro.getTrace())),
    )
    history.push(created(1))
    await tab.show()
    await tab.until(() => baro.isConnected() && baro.getEvent('event-1'))
    assert.equal(peer.attempts, attempts + 1)
    assert.deepEqual(await tab.call(() => heard.filter(([type]) => ['error', 'reconnecting'].includes(type))), [])
  })

  it('that is frozen misses nothing: Chromium takes its socket, and it goes on where it was', async (t) => {
    const history = []
    const peer = await startPeer(t, resuming(history))
    const { browser, tab } = await openTab(t, peer)
    await hide(browser, tab)
    await tab.call(() => {
      globalThis.phases = []
      for (const type of ['freeze', 'resume']) document.addEventListener(type, () => globalThis.phases.push(type))
    })
    await tab.freeze()
    history.push(created(1), created(2))
    peer.last.send(...history)
    await pause(1_500)
    await tab.thaw()
    await tab.until(() => baro.isConnected() && baro.getEvents().length === 2)
    assert.deepEqual(await tab.call(() => globalThis.phases), ['freeze', 'resume'])
    assert.deepEqual(await tab.call(() => heard.filter(([type]) => type === 'event:created').map(([, { id }]) => id)), [
      'event-1',
      'event-2',
    ])
    assert.deepEqual(await tab.call(() => [heard.filter(([type]) => type === 'error').length, uncaught]), [0, []])
    assert.ok(peer.attempts <= 2, `${peer.attempts} attempts`)
    // It is still in the background, and nobody was told otherwise: each connection once, the first if there was time.
    await peer.last.until('user:status')
    const said = peer.connections.map((connection) =>
      connection
        .received('user:status')
        .map(({ payload }) => payload.status)
        .join(),
    )
    assert.ok(
      said.every((statuses) => ['away', ''].includes(statuses)),
      said.join(' | '),
    )
    assert.equal(await tab.run('document.visibilityState'), 'hidden')
  })
})

describe('a machine that sleeps', { concurrency: 2 }, () => {
  let site
  before(async () => (site = await servePage()))
  after(() => site?.close())

  // Of the heartbeat so much is due in the meantime that its deadlines are long over at the end.
  const heartbeat = { interval: 1_000, timeout: 3_000 }
  const asleepMs = 6_000

  async function openTab(t, peer) {
    const browser = await startBrowser(t)
    const tab = await browser.open(site.address, 'globalThis.ready')
    await tab.call((config) => makeCalendar(config) && baro.connect(), { ...configFor(peer), reconnect: { delay: 50 } })
    await tab.until(() => baro.getMetrics().snapshots === 1)
    return { browser, tab }
  }

  it('keeps a link that lives, with what arrived meanwhile', async (t) => {
    const peer = await startPeer(t, { hello: (connection) => connection.send(welcome({ heartbeat })) })
    const { browser, tab } = await openTab(t, peer)
    await peer.last.until('ping')
    browser.sleep()
    peer.last.send(created(1), created(2))
    await pause(asleepMs)
    browser.wake()
    await tab.until(() => baro.getEvents().length === 2)
    const pings = peer.last.received('ping').length
    await peer.last.until('ping', pings + 2)
    assert.equal(peer.attempts, 1)
    assert.deepEqual(await tab.call(() => heard.filter(([type]) => ['disconnected', 'error'].includes(type))), [])
  })

  it('replaces a link that died meanwhile, and sends what was written once', async (t) => {
    const peer = await startPeer(t, {
      hello: (connection) => connection.send(connection.number === 1 ? welcome({ heartbeat }) : welcome()),
    })
    const { browser, tab } = await openTab(t, peer)
    peer.last.stall()
    const id = await tab.call((data) => baro.createEvent(data).id, noon)
    browser.sleep()
    await pause(asleepMs)
    browser.wake()
    const second = await peer.connection(2)
    await tab.until((wanted) => !baro.hasPendingWrite(wanted), id)
    assert.equal(second.received('event:create').length, 1)
    assert.deepEqual(await tab.call(() => [baro.getEvent(baro.getEvents()[0].id).title, uncaught]), ['Ours', []])
  })
})
