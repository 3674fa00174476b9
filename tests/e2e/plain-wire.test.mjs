import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, create, eventAt, openBare, settled, shows, untilIn } from './support/page.mjs'
import { startPlainServer } from './support/plain-server.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'

const spelt = { 'event:created': 'EVENT_CREATED', 'event:updated': 'EVENT_UPDATED', 'event:deleted': 'EVENT_DELETED' }

describe('with a server that speaks the plain wire only', () => {
  const room = openRoom({ site: serveBare })

  async function openPage(t, server, config = {}) {
    const context = await room.context(t)
    const page = await openBare(context, room.site, {
      url: server.socket,
      projectId: 'mine',
      user: { id: 'ana' },
      reconnect: { delay: 100, maxDelay: 500, maxAttempts: Infinity },
      ...config,
    })
    await connect(page)
    return page
  }

  for (const [what, names] of [
    ['usual names', {}],
    ['names in capitals', spelt],
  ]) {
    it(`writes are confirmed and reach others, under their ${what}`, async (t) => {
      const server = await startPlainServer(t, { names })
      const [ana, ben] = await Promise.all([openPage(t, server), openPage(t, server, { user: { id: 'ben' } })])
      const confirmed = await ana.evaluate(
        async (data) => {
          const write = baro.createEvent(data)
          const event = await write.confirmed
          return [event.id === write.id, event.title, event.version]
        },
        eventAt(9, 'Plain'),
      )
      assert.deepEqual(confirmed, [true, 'Plain', 1])
      await shows(ben, ['Plain'])
      await ben.evaluate(() => baro.updateEvent(baro.getEvents()[0].id, { title: 'Plainer' }).confirmed)
      await shows(ana, ['Plainer'])
      await ana.evaluate(() => baro.deleteEvent(baro.getEvents()[0].id).confirmed)
      await shows(ben, [])
      const told = (page) =>
        page.evaluate(() => globalThis.heard.map(([type]) => type).filter((type) => type.startsWith('event:')))
      assert.deepEqual(await told(ana), ['event:updated'])
      assert.deepEqual(await told(ben), ['event:created', 'event:deleted'])
    })
  }

  it('and with one that speaks more, when negotiation is switched off', async (t) => {
    const server = await startServer(t)
    const page = await openPage(t, server, { negotiate: false })
    const confirmed = await page.evaluate(
      async (data) => {
        const write = baro.createEvent(data)
        await write.confirmed
        return (await baro.updateEvent(write.id, { title: 'Plainer' }).confirmed).version
      },
      eventAt(9, 'Plain'),
    )
    assert.equal(confirmed, 2)
    assert.deepEqual(
      (await server.rest('GET', '?projectId=mine')).map(({ title }) => title),
      ['Plainer'],
    )
  })

  it('send resolves with what the server acknowledges, and with a timeout when it does not', async (t) => {
    const server = await startPlainServer(t)
    const page = await openPage(t, server)
    const answers = await page.evaluate(async () => [
      await baro.send('echo', { hello: 'there' }, { requireAck: true }),
      (await baro.send('note', 1)) ?? 'sent',
      await baro
        // What a page that stands still does not send in this time, it never sends.
        .send('note', 2, { requireAck: true, timeout: 2000 })
        .catch(({ code, details, retryable }) => ({ code, details, retryable })),
    ])
    assert.deepEqual(answers, [
      { you: { hello: 'there' } },
      'sent',
      { code: 'timeout', details: { sent: true }, retryable: true },
    ])
  })

  it('messages of unknown types reach the listeners of message', async (t) => {
    const server = await startPlainServer(t)
    const page = await openPage(t, server)
    server.broadcast('weather:changed', { sky: 'clear' })
    await untilIn(page, () => globalThis.heard.some(([type]) => type === 'message'))
    const [message] = await page.evaluate(() => globalThis.heard.find(([type]) => type === 'message').slice(1))
    assert.deepEqual([message.type, message.payload], ['weather:changed', { sky: 'clear' }])
    assert.deepEqual(Object.keys(message).filter((key) => ['id', 'timestamp'].includes(key)).length, 2)
  })

  it('a restart is survived: what was written meanwhile arrives once', async (t) => {
    const server = await startPlainServer(t)
    const page = await openPage(t, server)
    await create(page, eventAt(9, 'Before'))
    await settled(page)
    await server.stop()
    await untilIn(page, () => !baro.isConnected())
    await create(page, eventAt(10, 'During'))
    assert.equal(server.events.size, 1)
    await server.start()
    await settled(page)
    const written = [...server.events.values()].map(({ title, version }) => [title, version]).sort()
    assert.deepEqual(written, [
      ['Before', 1],
      ['During', 1],
    ])
    await shows(page, ['Before', 'During'])
    const subscriptions = server.received.filter(({ type }) => type === 'subscribe')
    assert.deepEqual(
      subscriptions.map(({ payload }) => payload.projectId ?? payload.channel),
      Array(2).fill(subscriptions[0].payload.projectId ?? subscriptions[0].payload.channel),
    )
  })

  it('that never answers anything the page is connected and keeps what it wrote', async (t) => {
    const server = await startPlainServer(t, { isMute: true })
    const page = await openPage(t, server)
    await page.evaluate(() => baro.subscribeToProject('other'))
    assert.equal(await page.evaluate(() => baro.getState()), 'connected')
    await create(page, eventAt(9, 'Kept'))
    await untilIn(page, () => baro.getMetrics().writesPending === 1)
    await shows(page, ['Kept'])
    server.broadcast('event:created', { ...eventAt(11, 'Theirs'), id: 'theirs', projectId: 'mine', version: 1 })
    await shows(page, ['Kept', 'Theirs'])
  })

  it('and without negotiation no hello is sent', async (t) => {
    const server = await startPlainServer(t)
    const page = await openPage(t, server, { negotiate: false })
    await page.evaluate((data) => baro.createEvent(data).confirmed, eventAt(9, 'Plain'))
    const types = server.received.map(({ type }) => type)
    assert.ok(types.includes('event:create') && !types.includes('hello'), types.join(' '))
  })
})
