// What the server confirmed, in a page that is loaded again while there is no server.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openGate } from './support/gate.mjs'
import { connect, connected, eventAt, openBare, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { until } from './support/until.mjs'

/** Whether the browser keeps as many events as `many`, and how far their channel was read. Runs in the page. */
const keeps = (many) =>
  new Promise((resolve) => {
    const opening = indexedDB.open('baro-calendar-offline/ana')
    opening.onsuccess = () => {
      const reading = opening.result.transaction('events').objectStore('events').getAllKeys()
      reading.onsuccess = () => {
        opening.result.close()
        const kept = (kind) => reading.result.filter((key) => String(key).startsWith(kind)).length
        resolve(kept('e') >= many && kept('c') > 0)
      }
    }
  })

describe('a calendar that is loaded again', () => {
  const room = openRoom({ site: serveBare })

  it('without a server shows what there was, and with one what there is', async (t) => {
    const server = await startServer(t)
    const events = ['Kept', 'Changed', 'Deleted'].map((title, number) =>
      eventAt(9 + number, title, { id: `${number}`, projectId: 'plan' }),
    )
    for (const event of events) await server.rest('POST', '', event)
    await server.rest('POST', '', eventAt(9, 'Of another project', { id: 'other', projectId: 'other' }))
    const gate = await openGate(t, server)
    const config = {
      url: gate.socket,
      projectId: 'plan',
      user: { id: 'ana' },
      reconnect: { delay: 50, maxDelay: 200, maxAttempts: Infinity },
    }
    const context = await room.context(t)
    const page = await openBare(context, room.site, config)
    await connect(page)
    await shows(page, ['Changed', 'Deleted', 'Kept'])
    await until('the browser keeps them', () => page.evaluate(keeps, 3))

    gate.shut()
    await page.reload()
    await untilIn(page, () => globalThis.ready)
    await page.evaluate((given) => void makeCalendar(given).connect(), config)
    await shows(page, ['Changed', 'Deleted', 'Kept'])
    assert.equal(await page.evaluate(() => baro.getEvents().some(({ id }) => baro.hasPendingWrite(id))), false)
    await page.evaluate(() => baro.updateEvent('0', { location: 'Room 2' }).persisted)
    await server.rest('PUT', '/1', { ...events[1], title: 'Changed meanwhile' })
    await server.rest('DELETE', '/2')

    gate.open()
    await connected(page)
    await shows(page, ['Changed meanwhile', 'Kept'])
    await settled(page)
    const stored = await server.events('plan')
    assert.deepEqual(stored.map(({ location }) => location).sort(), ['Room 2', undefined])
    const shown = await page.evaluate(() => baro.getEvents().toSorted((a, b) => a.id.localeCompare(b.id)))
    assert.deepEqual(
      shown,
      stored.toSorted((a, b) => a.id.localeCompare(b.id)),
    )
  })
})
