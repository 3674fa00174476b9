import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chip, deleteEvent, drawEvent, moveEvent, openEvent, pointAt, renameEvent } from './support/board.mjs'
import { connected, openDemo, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveDemo } from './support/site.mjs'
import { until } from './support/until.mjs'

describe('two people with the demo page', () => {
  const room = openRoom({ site: serveDemo })

  async function openBoth(t) {
    const server = await startServer(t)
    const open = async (user) => {
      const context = await room.context(t, { viewport: { width: 1440, height: 900 } })
      return openDemo(context, room.site, server.socket, user)
    }
    const [ana, ben] = [await open('Ana'), await open('Ben')]
    await Promise.all([connected(ana), connected(ben)])
    return { server, ana, ben }
  }

  it('see what the other draws, moves, renames and deletes', async (t) => {
    const { server, ana, ben } = await openBoth(t)

    await drawEvent(ana, 2, 10, 11.5, 'Review')
    await chip(ben, 'Review').waitFor()
    const [drawn] = await until('the server has it', async () => {
      const events = await server.events('demo')
      return events.length === 1 && events
    })
    assert.equal(Date.parse(drawn.endDate) - Date.parse(drawn.startDate), 90 * 60_000)

    await moveEvent(ben, 2, 10, 13)
    // The component keeps the grip that the pointer has, so it may land one quarter off.
    await untilIn(
      ana,
      (was) => Date.parse(baro.getEvents()[0].startDate) - Date.parse(was) >= 2.75 * 3_600_000,
      drawn.startDate,
    )
    const both = await Promise.all([ana, ben].map((page) => page.evaluate(() => baro.getEvents()[0])))
    assert.equal(both[0].startDate, both[1].startDate)
    assert.equal(Date.parse(both[0].endDate) - Date.parse(both[0].startDate), 90 * 60_000)

    await renameEvent(ben, 'Review', 'Design review')
    await chip(ana, 'Design review').waitFor()
    const [renamed] = await server.events('demo')
    assert.deepEqual([renamed.id, renamed.version], [drawn.id, drawn.version + 2])

    await deleteEvent(ana, 'Design review')
    await chip(ben, 'Design review').waitFor({ state: 'detached' })
    await until('the server has nothing', async () => (await server.events('demo')).length === 0)
  })

  it('see who is here, where the other points and which event is being edited', async (t) => {
    const { ana, ben } = await openBoth(t)
    await untilIn(ben, () => document.querySelector('[data-testid="active-users"]').dataset.count === '1')

    await pointAt(ana, 0.3, 0.5)
    await pointAt(ana, 0.6, 0.4)
    const pointer = ben.locator('.baro-cursor[data-user-id="ana"]')
    await pointer.waitFor()
    const board = await ana.getByTestId('calendar').boundingBox()
    const expected = { x: board.x + board.width * 0.6, y: board.y + board.height * 0.4 }
    await until('the pointer is where Ana points', async () => {
      const { x, y } = await pointer.boundingBox()
      return Math.abs(x - expected.x) < 8 && Math.abs(y - expected.y) < 8
    })
    assert.equal(await ana.locator('.baro-cursor[data-user-id="ana"]').count(), 0)

    await drawEvent(ana, 3, 9, 10, 'Planning')
    await chip(ben, 'Planning').waitFor()
    await openEvent(ben, 'Planning')
    const mark = chip(ana, 'Planning').getByTestId('editing')
    await mark.waitFor()
    assert.match(await mark.textContent(), /Ben/)
    await ben.getByTestId('cancel').click()
    await mark.waitFor({ state: 'detached' })
  })

  it('are told when the other leaves', async (t) => {
    const { ana, ben } = await openBoth(t)
    for (const page of [ana, ben])
      await untilIn(page, () => document.querySelector('[data-testid="active-users"]').dataset.count === '1')
    await ben.close()
    await untilIn(ana, () => document.querySelector('[data-testid="active-users"]').dataset.count === '0')
  })
})
