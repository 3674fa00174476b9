import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, eventAt, openBare, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { until } from './support/until.mjs'

describe("a calendar's life", () => {
  const room = openRoom({ site: serveBare })

  async function openPage(t) {
    const server = await startServer(t)
    const context = await room.context(t)
    const page = await openBare(context, room.site)
    return { server, context, page, config: { url: server.socket, projectId: 'mine', user: { id: 'ana' } } }
  }

  it('leaves no socket, no listener and no lock behind, ten times over', async (t) => {
    const { server, context, page, config } = await openPage(t)
    const devtools = await context.newCDPSession(page)
    const listeners = async () => {
      let count = 0
      for (const expression of ['window', 'document']) {
        const { result } = await devtools.send('Runtime.evaluate', { expression })
        const found = await devtools.send('DOMDebugger.getEventListeners', { objectId: result.objectId })
        count += found.listeners.length
      }
      return count
    }
    const before = await listeners()
    await page.evaluate(async (given) => {
      for (let round = 0; round < 10; round++) {
        const calendar = globalThis.makeCalendar(given)
        await calendar.connect()
        await calendar.createEvent({ title: `Round ${round}`, startDate: new Date(), endDate: new Date() }).confirmed
        if (round === 0) globalThis.whileAlive = (await navigator.locks.query()).held.length
        await calendar.destroy()
      }
    }, config)
    assert.equal(await listeners(), before)
    assert.ok(await page.evaluate(() => globalThis.whileAlive > 0))
    await untilIn(page, () => navigator.locks.query().then(({ held, pending }) => held.length + pending.length === 0))
    await until('the server has no connection', async () => (await server.metric('baro_connections')) === 0)
    assert.equal((await server.events('mine')).length, 10)
    // An open connection to the database would block this.
    const deleted = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const request = indexedDB.deleteDatabase('baro-calendar-offline/ana')
          request.onsuccess = () => resolve('deleted')
          request.onblocked = () => resolve('blocked')
        }),
    )
    assert.equal(deleted, 'deleted')
  })

  it('ends with destroy: every later call says so, and what was waiting settles', async (t) => {
    const { page, config } = await openPage(t)
    const codes = await page.evaluate(
      async ([given, data]) => {
        const calendar = globalThis.makeCalendar(given)
        const waiting = [calendar.connect(), calendar.createEvent(data).confirmed, calendar.flush()]
        waiting.push(calendar.send('note', 1, { requireAck: true }), calendar.subscribe('lineup:x'))
        await calendar.destroy()
        const ends = await Promise.all(
          waiting.map((one) =>
            one.then(
              () => 'done',
              ({ code }) => code,
            ),
          ),
        )
        const calls = {
          connect: () => calendar.connect(),
          disconnect: () => calendar.disconnect(),
          getState: () => calendar.getState(),
          on: () => calendar.on('connected', () => {}),
          send: () => calendar.send('note', 1),
          getEvents: () => calendar.getEvents(),
          createEvent: () => calendar.createEvent(data),
          getActiveUsers: () => calendar.getActiveUsers(),
          broadcastCursor: () => calendar.broadcastCursor({ x: 1, y: 1 }),
          getSyncStatus: () => calendar.getSyncStatus(),
          flush: () => calendar.flush(),
          getCached: () => calendar.getCached('key'),
          getMetrics: () => calendar.getMetrics(),
          destroy: () => calendar.destroy(),
        }
        const said = {}
        for (const [name, call] of Object.entries(calls)) {
          try {
            await call()
            said[name] = 'nothing'
          } catch ({ code }) {
            said[name] = code
          }
        }
        return [ends, said]
      },
      [config, eventAt(9, 'Late')],
    )
    assert.deepEqual(new Set(codes[0]), new Set(['destroyed']))
    assert.deepEqual(
      Object.entries(codes[1]).filter(([, code]) => code !== 'destroyed'),
      [],
    )
  })

  it('is not disturbed by a listener that throws', async (t) => {
    const { page, config } = await openPage(t)
    const result = await page.evaluate(
      async ([given, data]) => {
        const calendar = globalThis.makeCalendar(given)
        const heard = []
        const errors = []
        for (const type of ['connected', 'events-change', 'state-change', 'sync-status']) {
          calendar.on(type, () => {
            throw new Error(`thrown in ${type}`)
          })
          calendar.on(type, () => heard.push(type))
        }
        calendar.on('error', (error) => {
          errors.push(error)
          throw new Error('thrown in error')
        })
        await calendar.connect()
        const { title } = await calendar.createEvent(data).confirmed
        return [title, [...new Set(heard)].sort(), [...new Set(errors.map(({ code }) => code))]]
      },
      [config, eventAt(9, 'Calm')],
    )
    assert.deepEqual(result, [
      'Calm',
      ['connected', 'events-change', 'state-change', 'sync-status'],
      ['listener_error'],
    ])
  })

  it('takes calls from inside its listeners', async (t) => {
    const { server, page, config } = await openPage(t)
    await page.evaluate((given) => void globalThis.makeCalendar(given), config)
    await page.evaluate(
      ([data]) => {
        globalThis.read = []
        const off = baro.on('events-change', ({ created }) => {
          for (const id of created) globalThis.read.push(baro.getEvent(id).title)
          if (globalThis.read.length < 3) baro.createEvent({ ...data, title: `Made inside ${globalThis.read.length}` })
          else off()
        })
        baro.once('connected', () => {
          baro.createEvent({ ...data, title: 'Made on connecting' })
          baro.broadcastCursor({ x: 1, y: 1 })
          baro.sendTyping('title', true)
          baro.getSyncStatus()
          baro.subscribeToProject('other')
        })
      },
      [eventAt(9, '')],
    )
    await connect(page)
    await page.evaluate(() => baro.flush())
    await untilIn(page, () => globalThis.read.length === 3)
    await page.evaluate(() => baro.flush())
    assert.deepEqual((await server.events('mine')).map(({ title }) => title).sort(), [
      'Made inside 1',
      'Made inside 2',
      'Made on connecting',
    ])
    const ended = await page.evaluate(
      () =>
        new Promise((resolve) => {
          baro.on(
            'state-change',
            (state) => state === 'disconnected' && resolve(baro.destroy().then(() => 'destroyed')),
          )
          baro.disconnect()
        }),
    )
    assert.equal(ended, 'destroyed')
  })
})
