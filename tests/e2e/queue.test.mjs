import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, eventAt, openBare, settled } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'

describe('a queue of 300 edits', () => {
  const room = openRoom({ site: serveBare })

  it('is told as it is after every decision, with the same objects for what still waits', async (t) => {
    const server = await startServer(t)
    const context = await room.context(t)
    const config = { url: server.socket, projectId: 'mine', user: { id: 'ana' } }
    const page = await openBare(context, room.site, config)
    const made = await page.evaluate(
      async (data) => {
        // Listened to from the beginning, so that every state of the queue is looked at.
        const seen = (globalThis.seen = [])
        baro.on('sync-status', ({ pendingActions, syncProgress }) => {
          seen.push({ actions: pendingActions, percentage: syncProgress.percentage })
        })
        const writes = Array.from({ length: 300 }, (_, number) => baro.createEvent({ ...data, title: String(number) }))
        await Promise.all(writes.map(({ persisted }) => persisted))
        const all = (globalThis.all = baro.getSyncStatus().pendingActions)
        const updated = baro.updateEvent(baro.createEvent({ ...data, title: '300' }).id, { location: 'Room 2' })
        await updated.persisted
        const now = baro.getSyncStatus().pendingActions
        return {
          titles: all.map(({ description }) => description),
          same: all.every((action, at) => now[at] === action),
          added: now.length - all.length,
          once: baro.getSyncStatus() === baro.getSyncStatus(),
        }
      },
      eventAt(9, ''),
    )
    assert.deepEqual(
      made.titles,
      Array.from({ length: 300 }, (_, number) => `Create “${number}”`),
    )
    assert.deepEqual([made.same, made.added > 0, made.once], [true, true, true])

    await connect(page)
    await settled(page)
    const told = await page.evaluate(() => {
      const { all, seen } = globalThis
      const order = new Map(all.map((action, at) => [action, at]))
      const states = seen.slice(seen.findIndex(({ actions }) => actions.length > 300))
      return states.map(({ actions, percentage }) => {
        const places = actions.slice(0, 300).map((action) => order.get(action) ?? 300)
        return { left: actions.length, percentage, sorted: places.every((place, at) => !at || places[at - 1] <= place) }
      })
    })
    assert.ok(told.length > 3, 'the queue was told more than once on the way')
    assert.ok(told.every(({ sorted }) => sorted))
    for (const [at, { left, percentage }] of told.entries()) {
      if (at > 0) assert.ok(left <= told[at - 1].left && percentage >= told[at - 1].percentage, `the ${at}th`)
    }
    assert.deepEqual([told.at(-1).left, told.at(-1).percentage], [0, 100])
    assert.equal((await server.events('mine')).length, 301)
  })
})
