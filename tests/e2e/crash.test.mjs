import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeProfile, startChromium } from './support/browser.mjs'
import { connect, eventAt, openBare, settled, untilIn } from './support/page.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { until } from './support/until.mjs'

const count = 500

describe('a browser that is killed with 500 unsent edits', () => {
  let site
  before(async () => {
    site = await serveBare()
  })
  after(() => site?.close())

  // The calendar is never connected before the browser is killed, so everything that arrives comes from storage.
  async function open(t, profile, server) {
    const { context, kill } = await startChromium(t, profile)
    const config = { url: server.socket, projectId: 'mine', user: { id: 'ana' } }
    return { page: await openBare(context, site, config), kill }
  }

  async function arrivedIn(server, page) {
    await connect(page)
    await settled(page)
    const events = await server.events('mine')
    const twice = events.filter(({ version }) => version !== 1).map(({ title }) => title)
    assert.deepEqual(twice, [], 'nothing was written twice')
    const titles = events.map(({ title }) => title)
    assert.equal(new Set(titles).size, titles.length, 'nothing is there twice')
    return titles.map(Number).sort((one, other) => one - other)
  }

  it('has sent all of them once after a restart, if it had stored them', async (t) => {
    const server = await startServer(t)
    const profile = makeProfile()
    const first = await open(t, profile, server)
    await first.page.evaluate(
      async ([data, many]) => {
        const writes = Array.from({ length: many }, (_, number) => baro.createEvent({ ...data, title: String(number) }))
        await Promise.all(writes.map(({ persisted }) => persisted))
      },
      [eventAt(9, ''), count],
    )
    await first.kill()

    const { page } = await open(t, profile, server)
    await untilIn(page, (many) => baro.getEvents().length === many, count)
    assert.equal(await page.evaluate(() => baro.getState()), 'disconnected')
    const arrived = await arrivedIn(server, page)
    assert.deepEqual(
      arrived,
      Array.from({ length: count }, (_, number) => number),
    )
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), count)
  })

  it('has sent once what it had said to be stored, when it is killed in the middle', async (t) => {
    const server = await startServer(t)
    const profile = makeProfile()
    const first = await open(t, profile, server)
    const said = new Set()
    await first.page.exposeFunction('say', (number) => void said.add(number))
    await first.page.evaluate(
      (data) => {
        // Without an end, so that it is killed in the middle.
        const write = (number) => {
          baro.createEvent({ ...data, title: String(number) }).persisted.then(() => globalThis.say(number))
          setTimeout(write, 1, number + 1)
        }
        write(0)
      },
      eventAt(9, ''),
    )
    await until('a hundred are stored', () => said.size >= 100)
    await first.kill()

    const { page } = await open(t, profile, server)
    const arrived = await arrivedIn(server, page)
    const missing = [...said].filter((number) => !arrived.includes(number))
    assert.deepEqual(missing, [])
    // Stored in the order of writing: what arrived beyond what was said has no hole either.
    assert.deepEqual(
      arrived,
      arrived.map((_, number) => number),
    )
  })
})
