import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../e2e/support/until.mjs'
import { configFor } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'

const noon = { title: 'Ours', startDate: '2026-01-01T12:00:00Z', endDate: '2026-01-01T13:00:00Z', projectId: 'p' }

/** Heap after garbage is collected, listeners, documents' nodes and the module's memory. */
async function startScales(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  return async () => {
    // What goes away with the first collection lets go of more.
    for (let time = 0; time < 3; time++) {
      await session.send('HeapProfiler.collectGarbage')
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 20)))
    }
    const { metrics } = await session.send('Performance.getMetrics')
    const value = (wanted) => metrics.find(({ name }) => name === wanted).value
    return {
      heap: value('JSHeapUsedSize'),
      listeners: value('JSEventListeners'),
      nodes: value('Nodes'),
      memory: await page.evaluate(() => wasmMemory.buffer.byteLength),
    }
  }
}

/**
 * Runs `rounds` rounds and weighs before and after the second half: what is there once is there by then. `bytesEach` is
 * what a cycle may leave in the heap, which the engine's own bookkeeping moves by some hundred kilobytes anyway.
 */
async function staysLevel(t, page, { rounds, cyclesEach, round, bytesEach = 2 }) {
  const weigh = await startScales(page)
  const half = rounds / 2
  for (let time = 0; time < half; time++) await round()
  const before = await weigh()
  for (let time = half; time < rounds; time++) await round()
  const after = await weigh()
  const cycles = (rounds - half) * cyclesEach
  t.diagnostic(
    `${rounds * cyclesEach} cycles; before the second half ${JSON.stringify(before)}, after ${JSON.stringify(after)}`,
  )
  // It grows by pages of 64 kB and never shrinks; one may be the busiest moment's.
  assert.ok(after.memory - before.memory <= 65_536, `linear memory grew by ${after.memory - before.memory} bytes`)
  assert.equal(after.listeners, before.listeners, 'listeners')
  assert.equal(after.nodes, before.nodes, 'nodes')
  const grown = after.heap - before.heap
  assert.ok(grown < 300_000 + bytesEach * cycles, `the heap grew by ${grown} bytes in ${cycles} cycles`)
  assert.deepEqual(await page.evaluate(() => uncaught), [])
}

describe('memory stays level', { concurrency: 2 }, () => {
  const room = openRoom()

  it('over 10,000 calendars made and destroyed', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    const config = configFor(peer)
    const round = () =>
      page.evaluate(async (given) => {
        for (let cycle = 0; cycle < 500; cycle++) {
          const calendar = new RealtimeCalendar(given)
          calendar.on('message', () => {})
          calendar.connect().catch(() => {})
          calendar.createEvent({ title: 'x', startDate: '2026-01-01', endDate: '2026-01-02' })
          calendar.getEvents()
          await calendar.destroy()
        }
      }, config)
    await staysLevel(t, page, { rounds: 20, cyclesEach: 500, round })
  })

  it('over 1,000 calendars that connect, store, send and are destroyed', async (t) => {
    const peers = await Promise.all(Array.from({ length: 4 }, () => startPeer(t)))
    const page = await room.page(t)
    const configs = peers.map((peer, at) => configFor(peer, { offline: { databaseName: `database-${at}` } }))
    const round = () =>
      page.evaluate(
        async ([given, data]) => {
          const lives = given.map(async (config) => {
            for (let cycle = 0; cycle < 25; cycle++) {
              const calendar = new RealtimeCalendar(config)
              await calendar.connect()
              const write = calendar.createEvent(data)
              await write.persisted
              await write.confirmed
              await calendar.destroy()
            }
          })
          await Promise.all(lives)
        },
        [configs, noon],
      )
    await staysLevel(t, page, { rounds: 10, cyclesEach: 100, round, bytesEach: 50 })
    await until('the last goodbye', () => peers.every(({ last }) => last.closed))
    const all = peers.flatMap(({ connections }) => connections)
    assert.deepEqual([all.length, all.filter(({ closed }) => !closed).length], [1_000, 0])
  })

  it('over 2,000 uses of the cache', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await page.evaluate((config) => void makeCalendar(config), configFor(peer, { offline: {} }))
    const round = () =>
      page.evaluate(async () => {
        for (let cycle = 0; cycle < 100; cycle++) {
          await baro.setCached('key', { cycle })
          await baro.getCached('key')
        }
      })
    await staysLevel(t, page, { rounds: 10, cyclesEach: 200, round, bytesEach: 50 })
  })

  it('over 10,000 reconnects', async (t) => {
    // Chromium opens one socket an address at a time and rests ten milliseconds after each: so eight addresses.
    const peers = await Promise.all(Array.from({ length: 8 }, () => startPeer(t)))
    const page = await room.page(t)
    await page.evaluate(
      (configs) => {
        globalThis.calendars = configs.map((config) => new RealtimeCalendar(config))
        for (const calendar of globalThis.calendars) calendar.on('message', () => {})
        return Promise.all(globalThis.calendars.map((calendar) => calendar.connect()))
      },
      peers.map((peer) => configFor(peer)),
    )
    const round = async () => {
      await page.evaluate(() =>
        Promise.all(
          globalThis.calendars.map(async (calendar) => {
            for (let cycle = 0; cycle < 125; cycle++) {
              calendar.reconnect()
              await calendar.connect()
            }
            await calendar.send('echo', null, { requireAck: true })
          }),
        ),
      )
      for (const { connections } of peers) for (const connection of connections) connection.forget()
    }
    await staysLevel(t, page, { rounds: 10, cyclesEach: 1_000, round })
    for (const peer of peers) {
      await until('one open socket', () => peer.connections.filter(({ closed }) => !closed).length === 1)
      assert.equal(peer.connections.length, 1 + 1_250)
    }
  })

  it('over 100,000 subscriptions and listeners that come and go', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await page.evaluate((config) => {
      globalThis.baro = new RealtimeCalendar(config)
      return baro.connect()
    }, configFor(peer))
    const round = async () => {
      await page.evaluate(async () => {
        for (let cycle = 0; cycle < 10_000; cycle++) {
          const channel = `calendar:${cycle % 100}`
          const off = [
            baro.on('message', () => {}),
            baro.on('event:created', () => {}),
            baro.subscribeToEvents(() => {}),
          ]
          baro.subscribe(channel).catch(() => {})
          baro.unsubscribe(channel)
          for (const remove of off) remove()
          // The page gets its turn, as a program that renders gives it.
          if (cycle % 100 === 99) await new Promise((resolve) => setTimeout(resolve))
        }
        await baro.send('echo', null, { requireAck: true })
      })
      for (const connection of peer.connections) connection.forget()
    }
    await staysLevel(t, page, { rounds: 10, cyclesEach: 10_000, round, bytesEach: 1 })
    assert.equal(peer.attempts, 1)
  })

  it('over 20,000 changes and cursors of others', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await page.evaluate(async (config) => {
      globalThis.baro = new RealtimeCalendar(config)
      for (const type of ['message', 'event:updated', 'events-change', 'user:cursor', 'presence-change'])
        baro.on(type, () => {})
      await baro.connect()
    }, configFor(peer))
    await peer.last.until('subscribe')
    let seq = 0
    const round = async () => {
      for (let change = 0; change < 1_000; change++) {
        seq += 1
        const payload = {
          ...noon,
          id: `event-${seq % 50}`,
          version: seq,
          title: `Version ${seq}`,
          updatedAt: noon.startDate,
        }
        peer.last.send({ type: 'event:updated', channel: 'project:p', seq, payload })
        peer.last.send({ type: 'user:cursor', payload: { userId: `user-${seq % 20}`, x: seq, y: 1 } })
      }
      await page.evaluate(async (wanted) => {
        while (!baro.getEvents().some(({ version }) => version === wanted)) {
          await new Promise((resolve) => setTimeout(resolve, 10))
          baro.getActiveUsers()
        }
      }, seq)
    }
    await staysLevel(t, page, { rounds: 10, cyclesEach: 2_000, round })
  })
})
