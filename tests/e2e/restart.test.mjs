import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connected, eventAt, openDemo, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveDemo } from './support/site.mjs'

/** Writes every few milliseconds until it is told to stop: events of its own, and changes of the shared one. */
const keepEditing = ([name, shared, data]) => {
  globalThis.edits = { created: [], counted: 0, stop: false }
  const next = () => {
    const { created, stop } = globalThis.edits
    if (stop) return
    baro.createEvent({ ...data, title: `${name} ${created.length}` })
    created.push(`${name} ${created.length}`)
    baro.updateEvent(shared, { [name]: ++globalThis.edits.counted })
    setTimeout(next, 15)
  }
  next()
}

// Not in the week that the page draws: hundreds of events side by side take it seconds.
const later = { startDate: '2031-03-04T10:00:00.000Z', endDate: '2031-03-04T11:00:00.000Z' }

describe('a server that dies', () => {
  const room = openRoom({ site: serveDemo })

  it('and starts again is rejoined by both pages, which lose and double nothing while they go on editing', async (t) => {
    const server = await startServer(t)
    const shared = await server.rest('POST', '', eventAt(8, 'Shared', { projectId: 'demo' }))
    const open = async (user) => {
      const context = await room.context(t)
      const page = await openDemo(context, room.site, server.socket, user)
      await connected(page)
      await shows(page, ['Shared'])
      return page
    }
    const names = ['Ana', 'Ben']
    const pages = await Promise.all(names.map(open))
    await Promise.all(pages.map((page, which) => page.evaluate(keepEditing, [names[which], shared.id, later])))
    const madeMore = (page, more) =>
      page
        .evaluate(() => globalThis.edits.counted)
        .then((so) => untilIn(page, (least) => globalThis.edits.counted > least, so + more))

    for (let round = 0; round < 2; round++) {
      await Promise.all(pages.map((page) => madeMore(page, 20)))
      await server.kill()
      await Promise.all(pages.map((page) => untilIn(page, () => !baro.isConnected())))
      await Promise.all(pages.map((page) => madeMore(page, 20)))
      await server.start()
      await Promise.all(pages.map(connected))
    }
    await Promise.all(pages.map((page) => madeMore(page, 20)))
    const made = await Promise.all(
      pages.map((page) =>
        page.evaluate(() => {
          globalThis.edits.stop = true
          return globalThis.edits
        }),
      ),
    )
    await Promise.all(pages.map(settled))

    const expected = ['Shared', ...made.flatMap(({ created }) => created)].sort()
    const events = await server.events('demo')
    assert.deepEqual(events.map(({ title }) => title).sort(), expected)
    const end = events.find(({ id }) => id === shared.id)
    assert.deepEqual(
      [end.Ana, end.Ben],
      made.map(({ counted }) => counted),
    )
    // Edits that had to wait for each other are one write.
    const decided = await Promise.all(pages.map((page) => page.evaluate(() => baro.getMetrics().writesAcknowledged)))
    const updates = decided.map((writes, which) => writes - made[which].created.length)
    assert.equal(end.version, 1 + updates[0] + updates[1], 'each write counts once')
    for (const page of pages) {
      await shows(page, expected)
      await untilIn(page, ([id, version]) => baro.getEvent(id).version === version, [shared.id, end.version])
      const seen = await page.evaluate((id) => baro.getEvent(id), shared.id)
      assert.deepEqual(seen, end)
      assert.deepEqual(await page.evaluate(() => baro.getFailedActions().length), 0)
    }
  })
})
