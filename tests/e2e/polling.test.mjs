import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openProxy } from './support/proxy.mjs'
import { connect, connected, create, eventAt, openBare, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { tokenFor } from './support/token.mjs'
import { until } from './support/until.mjs'

/** Edits every few milliseconds until it is told to stop. */
const keepEditing = ([shared, data]) => {
  globalThis.edits = { created: [], counted: 0, stop: false }
  const next = () => {
    const { created, stop } = globalThis.edits
    if (stop) return
    baro.createEvent({ ...data, title: `Event ${created.length}` })
    created.push(`Event ${created.length}`)
    baro.updateEvent(shared, { count: ++globalThis.edits.counted })
    setTimeout(next, 40)
  }
  next()
}

const stopEditing = () => {
  globalThis.edits.stop = true
  return globalThis.edits
}

describe('a network without WebSockets', () => {
  const room = openRoom({ site: serveBare })

  async function openPage(t, socket, user, more = {}) {
    const context = await room.context(t)
    const page = await openBare(context, room.site, { url: socket, projectId: 'mine', user: { id: user }, ...more })
    return { page, context }
  }

  /** A page behind the proxy and one that is not, which both show what either does. */
  async function share(t, server, socket, more) {
    const [{ page: behind }, { page: free }] = await Promise.all([
      openPage(t, socket, 'ana', more),
      openPage(t, server.socket, 'ben'),
    ])
    await Promise.all([connect(behind), connect(free)])
    await create(behind, eventAt(9, 'From behind', { projectId: 'mine' }))
    await shows(free, ['From behind'])
    await create(free, eventAt(11, 'From outside', { projectId: 'mine' }))
    await shows(behind, ['From behind', 'From outside'])
    await settled(behind)
    return { behind, free }
  }

  for (const [upgrade, what] of [
    ['refuse', 'that refuses them'],
    ['explain', 'that answers them with a page'],
    ['ignore', 'that never answers them'],
  ])
    it(`${what} is worked in all the same`, async (t) => {
      const server = await startServer(t)
      const proxy = await openProxy(t, server, upgrade)
      const { behind } = await share(t, server, proxy.socket)
      assert.equal(await server.metric('baro_poll_sessions'), 1)
      assert.deepEqual(
        proxy.seen.paths.filter((path) => !/^\/poll\/(open|receive|send|close)$/.test(path)),
        [],
        'and no address holds anything',
      )
      // Present like everybody else, and gone when the page is.
      const { page: other } = await openPage(t, server.socket, 'eva')
      await connect(other)
      await untilIn(other, () => baro.getActiveUsers().has('ana'))
      await behind.goto('about:blank')
      await untilIn(other, () => !baro.getActiveUsers().has('ana'))
      await until('the session ends', async () => (await server.metric('baro_poll_sessions')) === 0)
    })

  it('that swallows what they carry is worked in after three of them', async (t) => {
    const server = await startServer(t)
    const proxy = await openProxy(t, server, 'swallow')
    await share(t, server, proxy.socket, { reconnect: { delay: 50, maxDelay: 50 }, heartbeat: { timeout: 1000 } })
    // Fewer where opening one took so long that polling was tried beside it.
    assert.ok(proxy.seen.upgrades >= 1 && proxy.seen.upgrades <= 3, `${proxy.seen.upgrades}`)
  })

  it('that lets them through later is left without a loss while everybody goes on editing', async (t) => {
    const server = await startServer(t)
    const proxy = await openProxy(t, server, 'refuse')
    const { behind, free } = await share(t, server, proxy.socket)
    const shared = await create(free, eventAt(15, 'Shared', { projectId: 'mine', count: 0 }))
    await shows(behind, ['From behind', 'From outside', 'Shared'])
    await settled(free)
    const before = await server.metric('baro_writes_total{outcome="stored"}')
    const decided = () => behind.evaluate(() => baro.getMetrics().writesAcknowledged)
    const decidedBefore = await decided()
    await behind.evaluate(() => void (globalThis.heard.length = 0))
    await behind.evaluate(keepEditing, [shared, eventAt(10, '', { projectId: 'mine' })])
    proxy.upgrade = 'pass'
    await until('polling ends', async () => (await server.metric('baro_poll_sessions')) === 0)
    const counted = await behind.evaluate(() => globalThis.edits.counted)
    await untilIn(behind, (least) => globalThis.edits.counted > least, counted + 20)
    const made = await behind.evaluate(stopEditing)
    await settled(behind)
    assert.ok(proxy.seen.upgrades >= 2)

    const expected = ['From behind', 'From outside', 'Shared', ...made.created]
    const events = await server.events('mine')
    assert.deepEqual(events.map(({ title }) => title).sort(), [...expected].sort())
    const end = events.find(({ id }) => id === shared)
    // Edits that had to wait for each other are one write.
    const writes = (await decided()) - decidedBefore
    assert.deepEqual(
      [end.count, end.version - 1],
      [made.counted, writes - made.created.length],
      'each write counts once',
    )
    assert.equal((await server.metric('baro_writes_total{outcome="stored"}')) - before, writes)
    for (const page of [behind, free]) await shows(page, expected)
    const states = await behind.evaluate(() =>
      globalThis.heard.filter(([type]) => ['state-change', 'connected', 'disconnected', 'error'].includes(type)),
    )
    assert.deepEqual(states, [], 'nobody was told, as nothing was lost')
    assert.deepEqual(await behind.evaluate(() => baro.getFailedActions().length), 0)
  })

  it('is remembered by the next page for half an hour', async (t) => {
    const server = await startServer(t)
    const proxy = await openProxy(t, server, 'refuse')
    const { page, context } = await openPage(t, proxy.socket, 'ana')
    await connect(page)
    const reconnect = async () => {
      await page.evaluate(() => baro.reconnect())
      await connected(page)
    }
    // Three refusals; one more where polling was quicker than what the page heard of the third.
    while (proxy.seen.upgrades < 3) await reconnect()
    let tried
    do {
      tried = proxy.seen.upgrades
      await reconnect()
    } while (proxy.seen.upgrades > tried && tried < 6)
    assert.ok(tried <= 4, `${tried}`)
    await create(page, eventAt(9, 'Mine', { projectId: 'mine' }), { stored: true })
    await settled(page)
    await page.close()
    const next = await openBare(context, room.site, { url: proxy.socket, projectId: 'mine', user: { id: 'ana' } })
    // What is stored has been read then; a calendar that connects sooner learns it while its WebSocket is refused.
    await settled(next)
    await connect(next)
    await shows(next, ['Mine'])
    assert.equal(proxy.seen.upgrades, tried)
  })

  it('takes a token that is in no address, and a server that ends is come back to', async (t) => {
    const server = await startServer(t, { jwt: true, origin: room.site.address })
    const proxy = await openProxy(t, server, 'refuse')
    const token = tokenFor('ana')
    const { page } = await openPage(t, proxy.socket, 'ana', {
      auth: { token, placement: 'query' },
      transports: ['polling'],
      reconnect: { delay: 50, maxDelay: 500, maxAttempts: Infinity },
    })
    await connect(page)
    await create(page, eventAt(9, 'Before', { projectId: 'mine' }))
    await settled(page)
    await server.kill()
    await untilIn(page, () => !baro.isConnected())
    await create(page, eventAt(10, 'Meanwhile', { projectId: 'mine' }))
    await server.start()
    await settled(page)
    const events = await server.events('mine', token)
    assert.deepEqual(events.map(({ title, version }) => [title, version]).sort(), [
      ['Before', 1],
      ['Meanwhile', 1],
    ])
    assert.equal(proxy.seen.upgrades, 0)
    assert.ok(proxy.seen.paths.every((path) => !path.includes('?')))
  })

  it('is nothing to an address of polling, which needs no WebSocket', async (t) => {
    const server = await startServer(t)
    const proxy = await openProxy(t, server, 'ignore')
    await share(t, server, `http://${proxy.address}`)
    assert.equal(proxy.seen.upgrades, 0)
  })
})
