import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeProfile, startChromium } from './support/browser.mjs'
import { connect, create, eventAt, openBare, settled, shows, titles, untilIn } from './support/page.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'

const project = { projectId: 'mine' }
const databaseName = 'stored'

describe("a browser's storage", () => {
  let site
  before(async () => {
    site = await serveBare()
  })
  after(() => site?.close())

  /** A page on a profile on disk that was never connected, and the means to change the browser's storage under it. */
  async function openPage(t) {
    const server = await startServer(t)
    const profile = makeProfile()
    const config = { url: server.socket, ...project, user: { id: 'ana' }, offline: { databaseName } }
    const { context, kill } = await startChromium(t, profile)
    const page = await openBare(context, site, config)
    const session = await context.newCDPSession(page)
    return {
      server,
      page,
      context,
      config,
      clear: () => session.send('Storage.clearDataForOrigin', { origin: site.address, storageTypes: 'indexeddb' }),
      /** Leaves the origin so many bytes more than it uses; without a number, as many as there are. */
      async leave(bytes) {
        const { usage } = await session.send('Storage.getUsageAndQuota', { origin: site.address })
        const given = bytes === undefined ? {} : { quotaSize: usage + bytes }
        await session.send('Storage.overrideQuotaForOrigin', { origin: site.address, ...given })
      },
      async restart() {
        await kill()
        const { context } = await startChromium(t, profile)
        return openBare(context, site, config)
      },
    }
  }

  const outcomes = (page, count, size) =>
    page.evaluate(
      async ([data, many, filling]) => {
        const writes = []
        for (let number = 0; number < many; number++) {
          writes.push(baro.createEvent({ ...data, title: `late ${number}`, notes: 'x'.repeat(filling) }).persisted)
          // Each in a task, and so in a transaction, of its own.
          await new Promise((resolve) => setTimeout(resolve))
        }
        const ends = await Promise.allSettled(writes)
        return ends.map(({ reason }) => reason && [reason.code, reason.retryable, reason instanceof Error])
      },
      [eventAt(9, ''), count, size],
    )

  const degraded = (page) => page.evaluate(() => heard.filter(([type]) => type === 'storage-degraded').length)

  it('that is full refuses with a type and keeps the queue and the view', async (t) => {
    const { server, page, leave, restart } = await openPage(t)
    for (const title of ['one', 'two', 'three']) await create(page, eventAt(9, title), { stored: true })
    await leave(0)
    const ends = await outcomes(page, 3, 60_000)
    assert.deepEqual(ends, Array(3).fill(['quota_exceeded', true, true]))
    assert.equal(await degraded(page), 1, 'it is told once')
    const all = ['late 0', 'late 1', 'late 2', 'one', 'three', 'two']
    assert.deepEqual(await titles(page), all, 'everything is shown all the same')

    const next = await restart()
    await shows(next, ['one', 'two', 'three'])
    await connect(next)
    await settled(next)
    assert.deepEqual((await server.events('mine')).map(({ title }) => title).sort(), ['one', 'three', 'two'])
  })

  it('that has room again stores what it had refused', async (t) => {
    const { page, leave, restart } = await openPage(t)
    await create(page, eventAt(9, 'one'), { stored: true })
    await leave(0)
    const [refused] = await outcomes(page, 1, 60_000)
    assert.equal(refused?.[0], 'quota_exceeded')
    await leave()
    await create(page, eventAt(9, 'two'), { stored: true })
    await shows(await restart(), ['one', 'late 0', 'two'])
  })

  it('that is full gives the caches up before an edit', async (t) => {
    const { page, leave, restart } = await openPage(t)
    await create(page, eventAt(9, 'one'), { stored: true })
    await page.evaluate(async () => {
      // Text that does not compress.
      const noise = () =>
        Array.from(crypto.getRandomValues(new Uint8Array(50_000)), (byte) => byte.toString(36)).join('')
      for (let number = 0; number < 40; number++) await baro.setCached(`large ${number}`, noise())
    })
    await leave(200_000)
    const ends = await outcomes(page, 20, 60_000)
    const kept = ends.filter((end) => end === undefined).length
    const cached = await page.evaluate(() => baro.getCached('large 0'))
    assert.equal(cached, null)
    assert.equal(kept, 20, `of the edits: ${ends}`)
    await untilIn(await restart(), () => baro.getEvents().length === 21)
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
