/* global noise */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeProfile, startChromium } from './support/browser.mjs'
import { connect, create, eventAt, openBare, settled, shows, titles, untilIn } from './support/page.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { until } from './support/until.mjs'

const project = { projectId: 'mine' }
const databaseName = 'stored'

describe("a browser's storage", () => {
  let site
  before(async () => {
    site = await serveBare()
  })
  after(() => site?.close())

  /** A page on a profile on disk that was never connected, and the means to change the browser's storage under it. */
  async function openPage(t, { quota } = {}) {
    const server = await startServer(t)
    const profile = makeProfile()
    const config = { url: server.socket, ...project, user: { id: 'ana' }, offline: { databaseName } }
    const { context, kill } = await startChromium(t, profile)
    const session = await context.newCDPSession(await context.newPage())
    const limit = (quotaSize) =>
      session.send('Storage.overrideQuotaForOrigin', { origin: site.address, ...(quotaSize && { quotaSize }) })
    // Before anything is stored: Chromium remembers for half a minute that there was room.
    if (quota) await limit(quota)
    return {
      server,
      page: await openBare(context, site, config),
      context,
      config,
      limit,
      clear: () => session.send('Storage.clearDataForOrigin', { origin: site.address, storageTypes: 'indexeddb' }),
      async restart() {
        await kill()
        const next = await startChromium(t, profile)
        return openBare(next.context, site, config)
      },
    }
  }

  /** Writes 50 kB in each of `count` tasks, one stored or refused before the next; returns how each came out. */
  const writeLarge = (page, count) =>
    page.evaluate(
      async ([data, many]) => {
        const ends = []
        for (let number = 0; number < many; number++) {
          const title = `large ${String(number).padStart(3, '0')}`
          const { persisted } = baro.createEvent({ ...data, title, notes: noise(50_000) })
          ends.push(
            await persisted.then(
              () => 'stored',
              ({ code, retryable }) => `${code} ${retryable}`,
            ),
          )
        }
        return ends
      },
      [eventAt(9, ''), count],
    )

  /** Text that does not compress. */
  const makeNoise = (page) =>
    page.evaluate(() => {
      const digits = (bytes) => Array.from(bytes, (byte) => byte.toString(36)).join('')
      globalThis.noise = (length) => digits(crypto.getRandomValues(new Uint8Array(length))).slice(0, length)
    })

  const degraded = (page) => page.evaluate(() => heard.filter(([type]) => type === 'storage-degraded').length)

  it('that is full refuses with a type, tells it once, and keeps the queue and the view', async (t) => {
    const { server, page, restart } = await openPage(t, { quota: 1 << 20 })
    await makeNoise(page)
    const ends = await writeLarge(page, 30)
    const stored = ends.indexOf('quota_exceeded true')
    assert.ok(stored > 3, `some fit: ${ends}`)
    assert.deepEqual(ends.slice(stored), Array(30 - stored).fill('quota_exceeded true'))
    assert.equal(await degraded(page), 1)
    const shown = await titles(page)
    assert.equal(shown.length, 30, 'everything is shown all the same')

    const next = await restart()
    await shows(next, shown.slice(0, stored))
    await connect(next)
    await settled(next)
    const arrived = (await server.events('mine')).map(({ title, version }) => `${title} ${version}`)
    assert.deepEqual(
      arrived.sort(),
      shown.slice(0, stored).map((title) => `${title} 1`),
    )
  })

  it('that has room again stores what it had refused', async (t) => {
    const { page, limit, restart } = await openPage(t, { quota: 1 << 20 })
    await makeNoise(page)
    const ends = await writeLarge(page, 25)
    assert.equal(ends.at(-1), 'quota_exceeded true')
    await limit()
    await create(page, eventAt(9, 'small'), { stored: true })
    const all = await titles(page)
    assert.equal(all.length, 26)
    await shows(await restart(), all)
  })

  it('that is full gives the caches up before an edit', async (t) => {
    const { page, restart } = await openPage(t, { quota: 30 << 20 })
    await makeNoise(page)
    await page.evaluate(async () => {
      for (let number = 0; number < 200; number++)
        await baro.setCached(`cached ${number}`, noise(50_000) + noise(50_000))
    })
    // Fifteen megabytes, where ten are left. Chromium takes its time to free what was given up, and until then an edit may be
    // refused, which is stored with a later one.
    await writeLarge(page, 300)
    assert.equal(await page.evaluate(() => baro.getCached('cached 0')), null)
    await until('there is room', () =>
      page.evaluate(
        (data) =>
          baro.createEvent(data).persisted.then(
            () => true,
            () => false,
          ),
        eventAt(9, 'small'),
      ),
    )
    const all = await titles(page)
    await untilIn(await restart(), (count) => baro.getEvents().length === count, all.length)
  })

  it('that is deleted under a living page has what waits again before the next reload', async (t) => {
    const { server, page, clear, restart } = await openPage(t)
    for (const title of ['one', 'two']) await create(page, eventAt(9, title), { stored: true })
    await clear()
    await create(page, eventAt(9, 'three'), { stored: true })
    assert.deepEqual(await titles(page), ['one', 'three', 'two'])
    const codes = await page.evaluate(() => heard.filter(([type]) => type === 'error').map(([, { code }]) => code))
    assert.deepEqual(codes, ['storage_lost'], 'it is told')

    const next = await restart()
    await shows(next, ['one', 'two', 'three'])
    await connect(next)
    await settled(next)
    const arrived = await server.events('mine')
    assert.deepEqual(arrived.map(({ title, version }) => `${title} ${version}`).sort(), ['one 1', 'three 1', 'two 1'])
  })

  it('that another page deletes keeps neither of them waiting', async (t) => {
    const { page, context, config } = await openPage(t)
    await create(page, eventAt(9, 'one'), { stored: true })
    const other = await openBare(context, site)
    const ended = await other.evaluate(async (prefix) => {
      const [{ name }] = (await indexedDB.databases()).filter((database) => database.name.startsWith(prefix))
      const deleting = indexedDB.deleteDatabase(name)
      return new Promise((resolve, reject) => {
        deleting.onsuccess = () => resolve('deleted')
        deleting.onblocked = () => resolve('blocked')
        deleting.onerror = () => reject(deleting.error)
      })
    }, databaseName)
    assert.equal(ended, 'deleted')
    await create(page, eventAt(9, 'two'), { stored: true })
    await page.close()
    await shows(await openBare(context, site, config), ['one', 'two'])
  })
})
