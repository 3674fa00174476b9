import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeProfile, startChromium } from './support/browser.mjs'
import { prepareHalt, steps } from './support/halt.mjs'
import { connect, eventAt, openBare, settled, shows } from './support/page.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { until } from './support/until.mjs'

const project = { projectId: 'mine' }

/** Makes the three kinds of writes in one task, and says of which it was told that they are stored. */
const write = ([created, updated, deleted]) => {
  const writes = {
    created: baro.createEvent(created),
    updated: baro.updateEvent(updated, { title: 'Renamed' }),
    deleted: baro.deleteEvent(deleted),
  }
  for (const [kind, { persisted }] of Object.entries(writes)) persisted.then(() => globalThis.say(kind))
}

/** What is left in the page's table of writes. */
const rowsLeft = async () => {
  const databases = await indexedDB.databases()
  const counts = databases.map(
    ({ name }) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open(name)
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const counting = opening.result.transaction('outbox').objectStore('outbox').count()
          counting.onsuccess = () => {
            opening.result.close()
            resolve(counting.result)
          }
        }
      }),
  )
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

describe('a browser that is killed', () => {
  let site
  before(async () => {
    site = await serveBare()
  })
  after(() => site?.close())

  /** Kills a browser in `step` of three writes, and starts it again on the same profile. */
  async function killIn(t, step, { connected }) {
    const server = await startServer(t)
    const updated = await server.rest('POST', '', eventAt(9, 'Named', project))
    const deleted = await server.rest('POST', '', eventAt(11, 'Unwanted', project))
    const profile = makeProfile()
    const config = { url: server.socket, ...project, user: { id: 'ana' } }

    const first = await startChromium(t, profile)
    const halt = await prepareHalt(t, first.context)
    const page = await openBare(first.context, site, config)
    const said = new Set()
    await page.exposeFunction('say', (kind) => void said.add(kind))
    await connect(page)
    await shows(page, ['Named', 'Unwanted'])
    if (!connected) await page.evaluate(() => baro.disconnect())
    const given = [eventAt(14, 'Made', project), updated.id, deleted.id]
    await page.evaluate((where) => globalThis.haltAt(where), step)
    // The page stops in it, so nobody waits for its end.
    page.evaluate(`setTimeout(${write}, 0, ${JSON.stringify(given)})`).catch(() => {})
    await halt.reached(step)
    const before = await stateOf(server)
    return {
      server,
      said,
      before,
      async restart() {
        await first.kill()
        const { context } = await startChromium(t, profile)
        return openBare(context, site, config)
      },
    }
  }

  /** The titles that the server has, and how many writes it did after the two that it began with. */
  async function stateOf(server) {
    const events = await server.events('mine')
    const versions = Object.fromEntries(events.map(({ title, version }) => [title, version]))
    return { versions, writes: (await server.metric('baro_writes_total{outcome="stored"}')) - 2 }
  }

  const untouched = { versions: { Named: 1, Unwanted: 1 }, writes: 0 }
  const allDone = { versions: { Made: 1, Renamed: 2 }, writes: 3 }

  for (const step of steps) {
    it(`${step}, loses and doubles nothing`, async (t) => {
      const { server, said, restart } = await killIn(t, step, { connected: true })
      const page = await restart()
      await connect(page)
      await settled(page)
      const state = await stateOf(server)
      // Nothing that was told to be stored is lost; of what was not, either all was done or nothing: it was one batch.
      const expected = said.size > 0 || state.writes > 0 ? allDone : untouched
      assert.deepEqual(state, expected, `of which was said to be stored: ${[...said]}`)
      await shows(page, Object.keys(expected.versions))
      assert.equal(await page.evaluate(rowsLeft), 0)
    })
  }

  for (const step of steps.slice(0, 3)) {
    const isStored = step.startsWith('when')
    it(`without a connection ${step}, has ${isStored ? 'all' : 'none'} of what it was told`, async (t) => {
      const { server, said, before, restart } = await killIn(t, step, { connected: false })
      assert.deepEqual(before, untouched)
      assert.deepEqual([...said], [], 'nothing is said to be stored before the program knows')
      const page = await restart()
      await connect(page)
      await settled(page)
      assert.deepEqual(await stateOf(server), isStored ? allDone : untouched)
      assert.equal(await page.evaluate(rowsLeft), 0)
    })
  }

  it('when the server has decided and its answer is unread, is told again and does nothing twice', async (t) => {
    const { server, restart } = await killIn(t, 'when the frame is sent', { connected: true })
    await until('the server has all three', async () => (await stateOf(server)).writes === 3)
    const page = await restart()
    await connect(page)
    await settled(page)
    assert.deepEqual(await stateOf(server), allDone)
    assert.equal(await page.evaluate(rowsLeft), 0)
  })
})
