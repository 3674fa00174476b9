import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chip, deleteEvent, drawEvent, renameEvent, switchOffline } from './support/board.mjs'
import { openGate } from './support/gate.mjs'
import { connected, eventAt, openDemo, settled, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveDemo } from './support/site.mjs'

const allStored = () => baro.createEvent && baro.getSyncStatus().pendingActions.length

describe('edits made offline', () => {
  const room = openRoom({ site: serveDemo })

  /** A page that shows two events of the server, behind a gate. */
  async function openBoard(t) {
    const server = await startServer(t)
    const gate = await openGate(t, server)
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    await server.rest('POST', '', eventAt(14, 'Dentist', { projectId: 'demo' }))
    const context = await room.context(t, { viewport: { width: 1440, height: 900 } })
    const page = await openDemo(context, room.site, gate.socket, 'Ana')
    await connected(page)
    await Promise.all([chip(page, 'Stand-up').waitFor(), chip(page, 'Dentist').waitFor()])
    return { server, gate, context, page }
  }

  /** One edit of each kind, by hand. */
  async function edit(page) {
    const today = await page.evaluate(() => new Date().getDay())
    const monday = await page.evaluate(() => new Date(document.querySelector('[data-date]').dataset.date).getUTCDay())
    const otherDay = (today - monday + 7) % 7 === 2 ? 3 : 2
    await drawEvent(page, otherDay, 10, 11, 'Interview')
    await renameEvent(page, 'Stand-up', 'Daily')
    await deleteEvent(page, 'Dentist')
    await untilIn(page, () => baro.getSyncStatus().pendingActions.length === 3)
    // Stored is what a later write of the same queue is stored after.
    await page.evaluate(() => baro.setCached('edits', 3))
    assert.equal(await page.evaluate(allStored), 3)
  }

  async function showsEdits(page) {
    await chip(page, 'Interview').waitFor()
    await chip(page, 'Daily').waitFor()
    assert.deepEqual(
      await page.evaluate(() => [
        baro.isConnected(),
        baro
          .getEvents()
          .map(({ title }) => title)
          .sort(),
      ]),
      [false, ['Daily', 'Interview']],
    )
    await untilIn(page, () => document.querySelector('[data-testid="pending-count"]').textContent === '3')
  }

  async function arrivedOnce(server, page) {
    await settled(page)
    const events = await server.events('demo')
    assert.deepEqual(events.map(({ title, version }) => [title, version]).sort(), [
      ['Daily', 2],
      ['Interview', 1],
    ])
    assert.equal(
      await server.metric('baro_writes_total{outcome="stored"}'),
      5,
      'two over REST and three from the page, none of them twice',
    )
    await untilIn(page, () => document.querySelector('[data-testid="pending-count"]').textContent === '0')
    await untilIn(page, () => document.querySelector('[data-testid="event"][data-pending]') === null)
  }

  it('with the Offline switch outlive a reload, show before the connection is back and arrive once', async (t) => {
    const { server, gate, page } = await openBoard(t)
    await switchOffline(page, true)
    await untilIn(page, () => baro.getState() === 'disconnected')
    await edit(page)
    gate.shut()
    await page.reload()
    await showsEdits(page)
    gate.open()
    await arrivedOnce(server, page)
  })

  it('in a browser without network outlive a reload and arrive once', async (t) => {
    const { server, gate, context, page } = await openBoard(t)
    await context.setOffline(true)
    gate.shut()
    await untilIn(page, () => !baro.isConnected())
    await edit(page)
    assert.equal(await page.evaluate(() => baro.getSyncStatus().online), false)
    // The page itself has to come from somewhere.
    await context.setOffline(false)
    await page.reload()
    await showsEdits(page)
    gate.open()
    await arrivedOnce(server, page)
  })

  it('while the server is dead outlive a reload and arrive once when it is back', async (t) => {
    const { server, page } = await openBoard(t)
    await server.kill()
    await untilIn(page, () => !baro.isConnected())
    await edit(page)
    await page.reload()
    await showsEdits(page)
    await server.start()
    await settled(page)
    const events = await server.events('demo')
    assert.deepEqual(events.map(({ title, version }) => [title, version]).sort(), [
      ['Daily', 2],
      ['Interview', 1],
    ])
    assert.equal(
      await server.metric('baro_writes_total{outcome="stored"}'),
      3,
      'three from the page, none of them twice',
    )
  })

  it('are sent at once when the Offline switch is turned back', async (t) => {
    const { server, page } = await openBoard(t)
    await switchOffline(page, true)
    await edit(page)
    await showsEdits(page)
    await switchOffline(page, false)
    await arrivedOnce(server, page)
  })
})
