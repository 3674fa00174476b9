import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { calledByEverything, everything, refusing } from './support/everything.mjs'
import { configFor, makeConnected, showsIds, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'
import { created } from './support/script.mjs'

const noon = { title: 'Ours', startDate: '2026-01-01T12:00:00Z', endDate: '2026-01-01T13:00:00Z', projectId: 'p' }

/** Makes every listener be called: by the server, by refused and confirmed writes, by a connection that is lost. */
async function tellEverything(page, peer) {
  await untilIn(page, () => baro.getMetrics().snapshots >= 1)
  peer.last.send(...everything)
  await page.evaluate(async (data) => {
    await baro.createEvent(data).confirmed
    await baro.createEvent({ ...data, title: 'Refused' }).confirmed.catch(() => {})
  }, noon)
  peer.last.close(1000)
  await untilIn(page, () => baro.getMetrics().connects > 1 && baro.isConnected())
}

const calledTypes = (page) => page.evaluate(() => [...new Set(heard.map(([type]) => type))].sort())

describe('listeners', { concurrency: 4 }, () => {
  const room = openRoom()

  it('that throw, whatever they throw, are reported and stop nothing', async (t) => {
    const peer = await startPeer(t, refusing)
    const page = await room.page(t)
    const said = []
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()))
    await page.evaluate((config) => {
      const thrown = [new Error('mine'), undefined, null, 'text', Symbol('s'), Object.create(null), 5n]
      thrown.push({
        toString() {
          throw new Error('not even this')
        },
      })
      globalThis.baro = new RealtimeCalendar(config)
      globalThis.heard = []
      globalThis.calls = 0
      for (const type of listenerTypes) {
        for (const value of thrown) {
          baro.on(type, () => {
            globalThis.calls += 1
            throw value
          })
        }
        // Behind those that throw.
        baro.on(type, (...given) => heard.push([type, ...given]))
      }
      return baro.connect()
    }, configFor(peer))
    await tellEverything(page, peer)
    assert.deepEqual(await calledTypes(page), calledByEverything)
    const [calls, errors] = await page.evaluate(() => [globalThis.calls, baro.getMetrics().listenerErrors])
    assert.equal(errors, calls)
    // Each that did not listen for errors itself is told to those who do; what they throw goes to the console.
    const told = await page.evaluate(
      () => heard.filter(([type, error]) => type === 'error' && error.code === 'listener_error').length,
    )
    assert.ok(told > 100, `${told} reports`)
    assert.ok(said.length > 0, 'the console heard nothing')
    // The position went on: nothing is asked for again, and what comes next is shown.
    const positions = peer.received('subscribe').map(({ payload }) => payload.seq)
    assert.deepEqual(positions, [undefined, 3])
    assert.deepEqual(await page.evaluate(() => uncaught), [])
  })

  it('may call everything from everywhere', async (t) => {
    const peer = await startPeer(t, refusing)
    const page = await room.page(t)
    await page.evaluate(
      ([config, data]) => {
        globalThis.promises = []
        globalThis.thrown = []
        const keep = (promise) => {
          const settled = promise.then(
            () => 'done',
            () => 'refused',
          )
          globalThis.promises.push(
            Promise.race([settled, new Promise((resolve) => setTimeout(resolve, 20_000, 'dangling'))]),
          )
        }
        const reads = ['getState', 'isConnected', 'getEvents', 'getActiveUsers', 'getCursors', 'getSyncStatus']
        const calls = [
          ...[...reads, 'getFailedActions', 'getMetrics', 'getTrace'].map((name) => () => baro[name]()),
          () => baro.getEvent('theirs'),
          () => baro.hasPendingWrite('theirs'),
          () => keep(baro.createEvent(data).confirmed),
          () => keep(baro.updateEvent(baro.createEvent(data).id, { title: 'Ours again' }).confirmed),
          () => keep(baro.deleteEvent(baro.createEvent(data).id).confirmed),
          () => keep(baro.send('echo', 1, { requireAck: true })),
          () => keep(baro.send('note', 2)),
          () => keep(baro.subscribe('calendar:c')),
          () => keep(baro.subscribeToProject('p')),
          () => baro.unsubscribe('calendar:c'),
          () => baro.unsubscribeFromProject('q'),
          () => baro.broadcastCursor({ x: 1, y: 2 }),
          () => baro.sendSelection('title', [1]),
          () => baro.sendTyping('title', true),
          () => baro.sendEditing(null),
          () => keep(baro.flush()),
          () => keep(baro.connect()),
          () => baro.on('message', () => {})(),
          () => baro.once('message', () => {}),
          () => baro.subscribeToEvents(() => {})(),
          () => new RealtimeCalendar(config).destroy(),
        ]
        makeCalendar(config)
        for (const type of listenerTypes) {
          // Twice is enough: an edit of each notification would never end.
          let rounds = 2
          baro.on(type, () => {
            if (rounds-- <= 0) return
            for (const call of calls) {
              try {
                call()
              } catch (error) {
                globalThis.thrown.push(`${type}: ${call}: ${error}`)
              }
            }
          })
        }
        return baro.connect()
      },
      [configFor(peer), noon],
    )
    await tellEverything(page, peer)
    const [promises, dangling] = await page.evaluate(async () => {
      const settled = await Promise.all(globalThis.promises)
      return [settled.length, settled.filter((how) => how === 'dangling').length]
    })
    assert.ok(promises > 200 && dangling === 0, `${dangling} of ${promises} promises dangle`)
    assert.deepEqual(await page.evaluate(() => [globalThis.thrown, uncaught]), [[], []])
    assert.deepEqual(await calledTypes(page), calledByEverything)
    await page.evaluate(() => baro.flush())
    peer.last.send(created(1, 'after', { projectId: 'p' }))
    assert.equal(await page.evaluate(() => baro.send('echo', 'alive', { requireAck: true })), 'alive')
  })

  for (const call of ['reconnect', 'disconnect']) {
    it(`may ${call} from everywhere`, async (t) => {
      const peer = await startPeer(t, refusing)
      const page = await room.page(t)
      const types = calledByEverything.filter((type) => !['disconnected', 'reconnecting'].includes(type))
      for (const type of types) {
        const before = peer.connections.length
        await page.evaluate(
          ([config, wanted, name]) => {
            makeCalendar(config)
            const called = new Promise((resolve) => {
              baro.once(wanted, () => {
                baro[name]()
                resolve()
              })
            })
            baro.connect().catch(() => {})
            globalThis.called = called.then(() => (globalThis.wasCalled = true))
            globalThis.wasCalled = false
          },
          [configFor(peer), type, call],
        )
        // At its first change of state there is no connection yet, and perhaps there will be none.
        if (type !== 'state-change') (await peer.connection(before + 1)).send(...everything)
        await page.evaluate((data) => {
          baro.createEvent(data)
          baro.createEvent({ ...data, title: 'Refused' })
        }, noon)
        await untilIn(page, () => globalThis.wasCalled)
        await page.evaluate(() => baro.connect())
        await page.evaluate(() => baro.flush())
        assert.equal(await page.evaluate(() => baro.send('echo', 1, { requireAck: true })), 1, type)
        await page.evaluate(() => baro.destroy())
      }
      assert.deepEqual(await page.evaluate(() => uncaught), [])
    })
  }

  it('that are removed while others are called are not called, and added ones only from the next time', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await untilIn(page, () => baro.getMetrics().snapshots >= 1)
    await page.evaluate(() => {
      globalThis.order = []
      const note = (name) => () => globalThis.order.push(name)
      const second = note('second')
      const third = note('third')
      baro.on('event:created', () => {
        globalThis.order.push('first')
        baro.off('event:created', second)
        removeThird()
        baro.once('event:created', note('added'))
      })
      baro.on('event:created', second)
      const removeThird = baro.on('event:created', third)
      baro.on('event:created', note('fourth'))
    })
    peer.last.send(created(1), created(2))
    await showsIds(page, ['event-1', 'event-2'])
    assert.deepEqual(await page.evaluate(() => globalThis.order), ['first', 'fourth', 'first', 'fourth', 'added'])
  })

  it('and values that call back while they are converted find a calendar that answers', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    const seen = await page.evaluate(async (data) => {
      const inside = (name) => ({
        toJSON() {
          baro.createEvent({ ...data, title: name })
          baro.getEvents()
          baro.reconnect()
          return { ...data, title: `outside ${name}` }
        },
      })
      await baro.createEvent(inside('one')).confirmed
      await baro.send('echo', inside('two'), { requireAck: true })
      const thrown = []
      for (const data of [
        {
          get title() {
            throw new Error('mine')
          },
        },
        { title: 1n },
        Symbol('s'),
        () => {},
      ]) {
        try {
          baro.createEvent(data)
        } catch (error) {
          thrown.push(error.code)
        }
      }
      await baro.flush()
      return [
        baro
          .getEvents()
          .map(({ title }) => title)
          .sort(),
        thrown,
      ]
    }, noon)
    assert.deepEqual(seen, [['one', 'outside one', 'two'], Array(4).fill('invalid_argument')])
  })
})
