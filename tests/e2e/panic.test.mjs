import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, eventAt, openBare, settled, titles, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { trap } from './support/trap.mjs'
import { patience, until } from './support/until.mjs'

// The published package has nothing that makes it panic on demand. Two things end an instance all the same: a copy of
// its module in which the body of one function is `unreachable`, as a panic ends, and a browser function that throws
// under the module, which no `catch` of the module's expects.
const breakClock = () => {
  globalThis.now = Date.now
  Date.now = () => {
    throw new Error('the clock is broken')
  }
}
const mendClock = () => void (Date.now = globalThis.now)

const database = 'baro-calendar-offline/ana'

/**
 * Deletes the database, and says whether it is gone. A connection that is closed with a transaction under way blocks it
 * until that is over; one that is left open blocks it for ever.
 */
const deleteDatabase = (page) =>
  page.evaluate(
    ([name, ms]) =>
      new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(name)
        request.onsuccess = () => resolve('deleted')
        request.onerror = () => resolve(String(request.error))
        setTimeout(resolve, ms, 'blocked')
      }),
    [database, patience / 2],
  )

describe('a module that dies', () => {
  const room = openRoom({ site: serveBare })

  async function open(t, config, from = room.site) {
    const context = await room.context(t)
    const page = await openBare(context, from, config)
    await page.evaluate(() => {
      globalThis.uncaught = []
      addEventListener('error', ({ message }) => uncaught.push(message))
      addEventListener('unhandledrejection', ({ reason }) => uncaught.push(String(reason)))
    })
    return page
  }

  const fatal = (page) =>
    page.evaluate(() => heard.filter(([type, error]) => type === 'error' && error.code === 'fatal'))

  it('by a trap in a call throws, tells it once, and its writes are sent by the next calendar', async (t) => {
    const server = await startServer(t)
    const trapped = await serveBare((bytes) => trap(bytes, 'realtimecalendar_sendTyping'))
    t.after(() => trapped.close())
    const config = { url: server.socket, projectId: 'mine', user: { id: 'ana' } }
    const page = await open(t, config, trapped)
    await connect(page)
    const peer = await open(t, { ...config, user: { id: 'ben' } })
    await connect(peer)
    await untilIn(peer, () => baro.getActiveUsers().has('ana'))

    const before = await page.evaluate(
      async (data) => {
        baro.disconnect()
        const { persisted, confirmed } = baro.createEvent(data)
        await persisted
        void baro.connect().catch(() => {})
        const waiting = [
          confirmed,
          baro.flush(),
          baro.subscribe('lineup:none'),
          baro.send('note', 1, { requireAck: true }),
        ]
        let thrown
        try {
          baro.sendTyping('title', true)
        } catch (error) {
          thrown = error
        }
        let again
        try {
          baro.createEvent(data)
        } catch (error) {
          again = error
        }
        const ends = await Promise.all(
          waiting.map((promise) =>
            promise.then(
              () => 'done',
              ({ code }) => code,
            ),
          ),
        )
        return {
          thrown: thrown.code,
          cause: thrown.cause instanceof WebAssembly.RuntimeError,
          same: again === thrown,
          ends,
        }
      },
      eventAt(9, 'Survivor'),
    )
    assert.deepEqual(before, { thrown: 'fatal', cause: true, same: true, ends: ['fatal', 'fatal', 'fatal', 'fatal'] })
    assert.equal((await fatal(page)).length, 1)
    assert.deepEqual(
      await page.evaluate(() =>
        heard
          .filter(([type]) => type === 'state-change')
          .at(-1)
          .slice(0, 2),
      ),
      ['state-change', 'error'],
    )
    assert.deepEqual(await page.evaluate(() => [baro.getState(), baro.isConnected()]), ['error', false])
    await untilIn(peer, () => !baro.getActiveUsers().has('ana'))

    await page.evaluate((given) => void makeCalendar(given), config)
    await connect(page)
    await settled(page)
    assert.deepEqual(
      (await server.events('mine')).map(({ title, version }) => [title, version]),
      [['Survivor', 1]],
    )
    assert.deepEqual(await titles(page), ['Survivor'])
    assert.deepEqual(await page.evaluate(() => uncaught), [])
  })

  it('under a timer, a socket or a promise is told once, and what it held is given back', async (t) => {
    const server = await startServer(t)
    const page = await open(t, { url: server.socket, projectId: 'mine', user: { id: 'ana' } })
    await connect(page)
    const ends = await page.evaluate(
      async ([config, breaking, data]) => {
        const other = new RealtimeCalendar(config)
        const told = []
        other.on('error', ({ code }) => told.push(code))
        // With the database open.
        await Promise.all([baro, other].map((calendar) => calendar.createEvent(data).persisted))
        const { confirmed } = baro.createEvent(data)
        const end = confirmed.then(
          () => 'done',
          ({ code }) => code,
        )
        // Whatever callback comes next reads the clock.
        eval(`(${breaking})()`)
        return [await end, other, told].map(String)
      },
      [{ url: server.socket, user: { id: 'eve' } }, breakClock.toString(), eventAt(9, 'Survivor')],
    )
    await page.evaluate(mendClock)
    assert.equal(ends[0], 'fatal')
    assert.equal(ends[2], 'fatal', 'every calendar of the instance died and was told')
    assert.equal((await fatal(page)).length, 1)
    await until('the server misses them', async () => (await server.metric('baro_connections')) === 0)
    const locks = await page.evaluate(async () => (await navigator.locks.query()).held.length)
    assert.equal(locks, 0)
    assert.equal(await deleteDatabase(page), 'deleted', 'no connection to the database is left')
    assert.deepEqual(await page.evaluate(() => uncaught), [])
  })

  it('while its database is being opened leaves no connection to it, and a database that the next calendar can use', async (t) => {
    const page = await open(t)
    const config = { url: 'ws://127.0.0.1:9/', user: { id: 'ana' } }
    await page.evaluate(
      async ([given, breaking, mending, name]) => {
        // Who asked first is being served, so the calendar's request waits.
        const first = indexedDB.open(name)
        await new Promise((resolve) => (first.onupgradeneeded = resolve))
        const store = first.result.createObjectStore('other')
        let isDead = false
        const ended = new Promise((resolve) => {
          const goOn = () => (isDead ? resolve() : (store.get(1).onsuccess = goOn))
          goOn()
        })
        const died = new Promise((resolve) => makeCalendar(given).on('error', resolve))
        // The request is made soon after the task that makes the calendar.
        const { open } = IDBFactory.prototype
        const asked = new Promise((resolve) => {
          IDBFactory.prototype.open = function (...which) {
            resolve()
            return open.apply(this, which)
          }
        })
        await asked
        IDBFactory.prototype.open = open
        eval(`(${breaking})()`)
        try {
          baro.disconnect()
        } catch {
          // It is dead.
        }
        await died
        eval(`(${mending})()`)
        isDead = true
        await ended
        first.result.close()
      },
      [config, breakClock.toString(), mendClock.toString(), database],
    )
    assert.equal((await fatal(page)).length, 1)
    assert.equal(await deleteDatabase(page), 'deleted')
    const stored = await page.evaluate(
      async ([given, data]) => {
        await globalThis.init()
        const calendar = makeCalendar(given)
        await calendar.createEvent(data).persisted
        return heard.filter(([type]) => type === 'storage-degraded').length
      },
      [config, eventAt(9, 'x')],
    )
    assert.equal(stored, 0)
    assert.deepEqual(await page.evaluate(() => uncaught), [])
  })

  it('in a listener unwinds the frames below it', async (t) => {
    const page = await open(t, { url: 'ws://127.0.0.1:9/', offline: false })
    const said = await page.evaluate(
      async ([data, breaking, mending]) => {
        const codes = []
        baro.on('events-change', () => {
          eval(`(${breaking})()`)
          try {
            baro.createEvent(data)
          } catch ({ code }) {
            codes.push(code)
          }
          eval(`(${mending})()`)
        })
        baro.on('sync-status', () => codes.push('went on'))
        baro.createEvent(data)
        await new Promise((resolve) => baro.on('error', resolve))
        await new Promise((resolve) => setTimeout(resolve, 50))
        return codes
      },
      [eventAt(9, 'x'), breakClock.toString(), mendClock.toString()],
    )
    assert.deepEqual(said, ['fatal'])
    const next = await page.evaluate(async () => {
      await globalThis.init()
      const calendar = new RealtimeCalendar({ url: 'ws://127.0.0.1:9/', offline: false })
      const state = calendar.getState()
      await baro.destroy()
      await calendar.destroy()
      return state
    })
    assert.equal(next, 'disconnected')
    assert.deepEqual(await page.evaluate(() => uncaught), [])
  })

  it('by an exhausted stack is given up like any other', async (t) => {
    const page = await open(t, { url: 'ws://127.0.0.1:9/', offline: false })
    const said = await page.evaluate(
      async (data) => {
        const codes = new Set()
        // At every depth from the deepest up, so that the stack ends inside the module once.
        const dive = () => {
          try {
            dive()
          } catch {
            // The bottom.
          }
          try {
            baro.createEvent(data)
          } catch (error) {
            codes.add(error.code ?? error.name)
          }
        }
        dive()
        await new Promise((resolve) => setTimeout(resolve))
        return { state: baro.getState(), isFatal: codes.has('fatal') }
      },
      eventAt(9, 'x'),
    )
    assert.deepEqual(said, { state: 'error', isFatal: true })
    assert.equal((await fatal(page)).length, 1)
    const made = await page.evaluate(
      (data) => {
        const calendar = makeCalendar({ url: 'ws://127.0.0.1:9/', offline: false })
        calendar.createEvent(data)
        return calendar.getEvents().length
      },
      eventAt(9, 'x'),
    )
    assert.equal(made, 1)
  })
})
