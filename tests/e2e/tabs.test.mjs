import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openGate } from './support/gate.mjs'
import { connect, create, eventAt, openBare, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { until } from './support/until.mjs'

describe('two tabs of one person in one browser', () => {
  const room = openRoom({ site: serveBare })

  async function openTabs(t) {
    const server = await startServer(t)
    const gate = await openGate(t, server)
    const context = await room.context(t)
    const config = {
      url: gate.socket,
      projectId: 'mine',
      user: { id: 'ana' },
      reconnect: { delay: 100, maxDelay: 500, maxAttempts: Infinity },
    }
    const open = () => openBare(context, room.site, config)
    const tabs = await Promise.all([open(), open()])
    await Promise.all(tabs.map(connect))
    return { server, gate, open, tabs }
  }

  it('both write, and each shows what the other wrote', async (t) => {
    const { server, tabs } = await openTabs(t)
    await Promise.all(tabs.map((tab, which) => create(tab, eventAt(9 + which, `From tab ${which}`))))
    await Promise.all(tabs.map((tab) => shows(tab, ['From tab 0', 'From tab 1'])))
    await Promise.all(tabs.map(settled))
    assert.equal((await server.events('mine')).length, 2)
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 2)
  })

  it('one is closed with unsent edits: the other tab sends them once, and the next page load shows them before', async (t) => {
    const { server, gate, open, tabs } = await openTabs(t)
    const [closing, staying] = tabs
    gate.shut()
    await Promise.all(tabs.map((tab) => untilIn(tab, () => !baro.isConnected())))
    for (let number = 0; number < 5; number++) {
      await create(closing, eventAt(9, `Closed ${number}`), { stored: true })
      await create(staying, eventAt(10, `Staying ${number}`), { stored: true })
    }
    const titles = ['Closed', 'Staying'].flatMap((name) => [0, 1, 2, 3, 4].map((number) => `${name} ${number}`))
    await Promise.all(tabs.map((tab) => shows(tab, titles)))
    await closing.close()
    const next = await open()
    await shows(next, titles)
    gate.open()
    await connect(next)
    await Promise.all([settled(next), settled(staying)])
    await Promise.all([shows(next, titles), shows(staying, titles)])
    const events = await server.events('mine')
    assert.deepEqual(
      events.map(({ title, version }) => [title, version]).sort(),
      titles.map((title) => [title, 1]),
    )
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 10)
  })

  it('both are closed with unsent edits of one event: the next page load sends all of them once', async (t) => {
    const { server, gate, open, tabs } = await openTabs(t)
    const id = await create(tabs[0], eventAt(9, 'Shared'))
    await Promise.all(tabs.map((tab) => shows(tab, ['Shared'])))
    await Promise.all(tabs.map(settled))
    gate.shut()
    await Promise.all(tabs.map((tab) => untilIn(tab, () => !baro.isConnected())))
    const change = (tab, changes) =>
      tab.evaluate(([event, given]) => baro.updateEvent(event, given).persisted, [id, changes])
    await change(tabs[0], { title: 'Renamed' })
    await change(tabs[1], { location: 'Room 2' })
    // An edit of another tab stands between, so that this one is not joined with the first.
    await untilIn(tabs[0], (event) => baro.getEvent(event).location === 'Room 2', id)
    await change(tabs[0], { color: '#2563eb' })
    await Promise.all(tabs.map((tab) => tab.close()))
    const next = await open()
    // What the browser has not let go of when the page loads is taken by the tab that leads, and only who connects leads.
    await next.evaluate(() => void baro.connect().catch(() => {}))
    await shows(next, ['Renamed'])
    gate.open()
    await connect(next)
    await until('the server has all', async () => (await server.events('mine'))[0].version >= 4)
    await settled(next)
    const [event] = await server.events('mine')
    assert.deepEqual([event.title, event.location, event.color, event.version], ['Renamed', 'Room 2', '#2563eb', 4])
    // What is sent is forgotten: another page load has nothing to send.
    const last = await open()
    await connect(last)
    await shows(last, ['Renamed'])
    assert.equal(await last.evaluate(() => baro.getSyncStatus().syncProgress.total), 0)
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 4)
  })

  it('the database goes on serving when two tabs write to it at the same moment', async (t) => {
    const { server, gate, open, tabs } = await openTabs(t)
    gate.shut()
    await Promise.all(tabs.map((tab) => untilIn(tab, () => !baro.isConnected())))
    const many = async ([data, name]) => {
      await Promise.all(
        Array.from({ length: 100 }, (_, number) => baro.createEvent({ ...data, title: `${name} ${number}` }).persisted),
      )
    }
    await Promise.all(tabs.map((tab, which) => tab.evaluate(many, [eventAt(9, ''), which]).then(() => tab.close())))
    gate.open()
    const next = await open()
    // Before storage has been read nothing is known to be pending, and yet something may be.
    await next.evaluate(() => Promise.all([baro.connect(), baro.flush()]))
    // Nor is that which the browser has not let go of.
    await until('the server has all', async () => (await server.events('mine')).length >= 200)
    await settled(next)
    assert.equal((await server.events('mine')).length, 200)
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 200)
  })
})
