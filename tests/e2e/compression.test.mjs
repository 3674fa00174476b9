import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, eventAt, openBare, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'

describe('compression', () => {
  const room = openRoom({ site: serveBare })

  async function open(t, server, user, config = {}) {
    const context = await room.context(t)
    const settings = { url: server.socket, projectId: 'mine', user: { id: user }, ...config }
    const page = await openBare(context, room.site, settings)
    await connect(page)
    // What is written before the server has said that it can inflate goes as it is.
    await untilIn(page, () => baro.getTrace().some(({ kind }) => kind === 'welcome'))
    return page
  }
  const sizes = (page) =>
    page.evaluate(() => {
      const { bytesBeforeCompression, bytesAfterCompression } = baro.getMetrics()
      return [bytesBeforeCompression, bytesAfterCompression]
    })
  const long = { ...eventAt(9, 'Long'), description: 'words that come again and again, '.repeat(300) }

  it('makes a large write and a large content small on the wire, and changes nothing else', async (t) => {
    const server = await startServer(t)
    const ana = await open(t, server, 'ana')
    await ana.evaluate((event) => baro.createEvent(event).confirmed, long)
    const [before, after] = await sizes(ana)
    assert.ok(before > 9_000 && after < before / 5, `${before} bytes became ${after}`)

    const ben = await open(t, server, 'ben')
    await shows(ben, ['Long'])
    assert.equal(await ben.evaluate(() => baro.getEvents()[0].description), long.description)
    const [content, travelled] = await sizes(ben)
    assert.ok(content > 9_000 && travelled < content / 5, `${content} bytes became ${travelled}`)

    // What follows a compressed frame keeps its place behind it.
    await ana.evaluate(async (event) => {
      const { id } = baro.createEvent({ ...event, title: 'Another' })
      await baro.updateEvent(id, { title: 'Another, changed' }).confirmed
    }, long)
    await settled(ana)
    await untilIn(ben, () => baro.getEvents().some(({ title }) => title === 'Another, changed'))
    assert.equal(await ben.evaluate(() => baro.getMetrics().gaps), 0)
  })

  it('is left out where the program does not want it', async (t) => {
    const server = await startServer(t)
    const page = await open(t, server, 'ana', { batch: { compress: false } })
    await page.evaluate((event) => baro.createEvent(event).confirmed, long)
    assert.deepEqual(await sizes(page), [0, 0])
  })
})
