import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { makeProfile, startChromium } from './support/browser.mjs'
import { prepareHalt } from './support/halt.mjs'
import { connect, create, eventAt, openBare, settled, shows } from './support/page.mjs'
import { filesWith } from './support/search.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { tokenFor } from './support/token.mjs'
import { until } from './support/until.mjs'

// Of a person whose calendar this was: in titles, texts, the cache, refused writes. High in entropy, so that no compression
// hides it.
const canary = 'kQ7xWc9Zr2'

describe('a logout', () => {
  let site
  before(async () => {
    site = await serveBare()
  })
  after(() => site?.close())

  /** A page on a profile on disk that has all kinds of what a user leaves behind. */
  async function openPage(t) {
    const server = await startServer(t, { jwt: true, origin: site.address })
    const profile = makeProfile()
    const { context, close, kill } = await startChromium(t, profile)
    const halt = await prepareHalt(t, context)
    const config = {
      url: server.socket,
      projectId: 'mine',
      user: { id: 'ana', name: `Ana ${canary}` },
      auth: { token: tokenFor('ana', { projects: ['mine'] }) },
    }
    const page = await openBare(context, site, config)
    await connect(page)
    await page.evaluate(
      async ([data, text]) => {
        const writes = Array.from({ length: 50 }, (_, number) =>
          baro.createEvent({ ...data, title: `${text} ${number}` }),
        )
        await Promise.all(writes.map(({ confirmed }) => confirmed))
        await baro.createEvent({ ...data, title: text, projectId: 'theirs' }).confirmed.catch(() => {})
        await baro.setCached(`draft of ${text}`, { text: `something by ${text}` })
        baro.disconnect()
      },
      [eventAt(9, ''), canary],
    )
    await create(page, eventAt(10, `Unsent of ${canary}`), { stored: true })
    await page.evaluate(
      ([id, text]) => baro.updateEvent(id, { description: text }).persisted,
      [await page.evaluate(() => baro.getEvents()[0].id), `Described by ${canary}`],
    )
    return { server, profile, page, context, close, kill, halt, config }
  }

  /** What `logout` said. */
  const logOut = (page, pending) =>
    page.evaluate(
      (given) =>
        baro.logout(given && { pending: given }).then(
          () => 'done',
          ({ code, details }) => [code, details],
        ),
      pending,
    )

  it('that discards leaves no byte of the user in the profile, and none in the page', async (t) => {
    const { profile, page, close } = await openPage(t)
    assert.ok(filesWith(profile, canary).length > 0, 'it was there')
    assert.equal(await logOut(page, 'discard'), 'done')
    const held = await page.evaluate(async () => [
      baro.getEvents().length,
      baro.getFailedActions().length,
      baro.getSyncStatus().pendingActions.length,
      (await indexedDB.databases()).length,
    ])
    assert.deepEqual(held, [0, 0, 0, 0])
    await close()
    assert.deepEqual(filesWith(profile, canary), [])
  })

  it('that cannot send first is refused with the number of what waits, and changes nothing', async (t) => {
    const { server, page, context, config } = await openPage(t)
    assert.deepEqual(await logOut(page), ['pending_writes', { pending: 2 }])
    const waiting = await page.evaluate(() => baro.getSyncStatus().pendingActions.length)
    assert.equal(waiting, 2)
    await page.close()
    const next = await openBare(context, site, config)
    await connect(next)
    // As long as the browser has not given back the lock of the page that was closed, that one may still send it.
    await until('the server has what waited', async () => {
      const events = await server.events('mine', config.auth.token)
      return events.some(({ title }) => title === `Unsent of ${canary}`)
    })
  })

  it('with a connection sends what waits, and then leaves no byte either', async (t) => {
    const { server, profile, page, close, config } = await openPage(t)
    await connect(page)
    assert.equal(await logOut(page, 'flush'), 'done')
    const events = await server.events('mine', config.auth.token)
    assert.ok(events.some(({ title }) => title === `Unsent of ${canary}`))
    assert.ok(events.some(({ description }) => description === `Described by ${canary}`))
    await close()
    assert.deepEqual(filesWith(profile, canary), [])
  })

  it('that keeps has what waits sent when the same user comes back, and shows it to nobody else', async (t) => {
    const { server, page, context, config } = await openPage(t)
    assert.equal(await logOut(page, 'keep'), 'done')
    assert.equal(await page.evaluate(() => baro.getEvents().length), 0)
    await page.close()

    const other = {
      ...config,
      user: { id: 'ben' },
      auth: { token: tokenFor('ben', { projects: ['yours'] }) },
      projectId: 'yours',
    }
    const ben = await openBare(context, site, other)
    await connect(ben)
    await settled(ben)
    assert.deepEqual(await ben.evaluate(() => [baro.getEvents(), baro.getSyncStatus().pendingActions]), [[], []])
    await ben.close()

    const ana = await openBare(context, site, config)
    await connect(ana)
    await settled(ana)
    const events = await server.events('mine', config.auth.token)
    assert.equal(events.filter(({ title }) => title === `Unsent of ${canary}`).length, 1)
    await shows(
      ana,
      events.map(({ title }) => title),
    )
  })

  for (const [step, left] of [
    ['before the tables are emptied', 2],
    ['before the database is deleted', 0],
  ]) {
    it(`that is killed ${step} leaves all of what waits or nothing`, async (t) => {
      const { profile, page, kill, halt, config } = await openPage(t)
      await page.evaluate((where) => globalThis.haltAt(where), step)
      // The page stops in it, so nobody waits for its end.
      page.evaluate(() => void baro.logout({ pending: 'discard' })).catch(() => {})
      await halt.reached(step)
      await kill()
      const { context } = await startChromium(t, profile)
      const next = await openBare(context, site, config)
      await create(next, eventAt(12, 'Later'), { stored: true })
      const waiting = await next.evaluate(() =>
        baro.getSyncStatus().pendingActions.map(({ description }) => description),
      )
      assert.equal(waiting.length, left + 1, `waiting: ${waiting}`)
    })
  }
})
