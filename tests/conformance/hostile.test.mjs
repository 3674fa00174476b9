import assert from 'node:assert/strict'
import { before, after, describe, it } from 'node:test'
import { until } from '../e2e/support/until.mjs'
import { noMessages, oddMessages, wrongPayloads } from './support/hostile.mjs'
import { configFor, makeConnected, openIn, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'
import { created } from './support/script.mjs'

const soon = { title: 'Ours', startDate: '2026-01-01T09:00:00Z', endDate: '2026-01-01T10:00:00Z', projectId: 'p' }

describe('a server that sends', () => {
  const room = openRoom()
  let context
  let page
  before(async () => {
    context = await room.browser.newContext()
    page = await openIn(context, room.site)
  })
  after(() => context?.close())

  const cases = [
    ...noMessages.map(([name, frames]) => [name, frames, frames.length]),
    ...wrongPayloads.map(([name, frames]) => [name, frames, frames.length]),
    ...oddMessages.map(([name, frames, check]) => [name, frames, 0, check]),
  ]
  for (const [name, frames, malformed, check] of cases) {
    it(`${name}: the calendar counts it and goes on`, async (t) => {
      const peer = await startPeer(t)
      await makeConnected(page, configFor(peer, { windowEvents: false }))
      t.after(() => page.evaluate(() => baro.destroy()))
      await untilIn(page, () => baro.getMetrics().snapshots === 1)
      for (const frame of frames) peer.last.sendText(frame)
      // The same connection still carries news and answers, and the calendar can be read.
      peer.last.send(created(1, 'canary'))
      await untilIn(page, () => baro.getEvent('canary'))
      const echoed = await page.evaluate(async (data) => {
        await baro.createEvent(data).confirmed
        return baro.send('echo', 'still there', { requireAck: true })
      }, soon)
      assert.equal(echoed, 'still there')
      const seen = await page.evaluate(() => ({
        state: baro.getState(),
        malformed: baro.getMetrics().malformed,
        inherited: [{}, [], ''].flatMap((value) => {
          const keys = []
          for (const key in value) keys.push(key)
          return keys
        }),
        polluted: {}.polluted,
        thrown: heard.filter(([type, error]) => type === 'error' && error.code === 'listener_error').length,
        uncaught: uncaught.splice(0),
        readable: [baro.getEvents(), [...baro.getActiveUsers()], baro.getCursors(), baro.getSyncStatus()].every(
          (value) => typeof JSON.stringify(value) === 'string',
        ),
      }))
      assert.deepEqual(seen, {
        state: 'connected',
        malformed,
        inherited: [],
        polluted: undefined,
        thrown: 0,
        uncaught: [],
        readable: true,
      })
      assert.equal(peer.attempts, 1)
      if (check) assert.equal(await page.evaluate(check), true)
    })
  }

  it('100,000 things that are no message in one frame is complained of once', async (t) => {
    const peer = await startPeer(t)
    await makeConnected(page, configFor(peer))
    peer.last.sendText(`[${Array(100_000).fill('0').join()}]`)
    await untilIn(page, () => baro.getMetrics().malformed === 100_000)
    assert.equal(await page.evaluate(() => heard.filter(([type]) => type === 'error').length), 1)
  })

  it('a goodbye frame that is none is one of the many ends of a connection', async (t) => {
    const peer = await startPeer(t)
    await makeConnected(page, configFor(peer))
    peer.last.breakFraming()
    await until('another connection', () => peer.connections.length === 2)
    await untilIn(page, () => baro.isConnected() && baro.getMetrics().connects === 2)
  })

  it('a frame that the browser itself refuses: the calendar comes back', async (t) => {
    const peer = await startPeer(t)
    await makeConnected(page, configFor(peer))
    peer.last.sendInvalidUtf8()
    await until('another connection', () => peer.connections.length === 2)
    await untilIn(page, () => baro.isConnected() && baro.getMetrics().connects === 2)
  })
})
