import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chip, renameEvent, switchOffline } from './support/board.mjs'
import { connect, connected, eventAt, openBare, openDemo, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare, serveDemo } from './support/site.mjs'
import { tokenFor } from './support/token.mjs'

/** How a write ended, and what the calendar shows and keeps at that very moment. */
async function outcome(page, method, ...given) {
  return page.evaluate(
    async ([name, args]) => {
      const write = baro[name](...args)
      const shownAtOnce = baro.getEvents().map(({ title }) => title)
      const error = await write.confirmed.then(
        () => undefined,
        ({ name: kind, code, message, retryable }) => ({ name: kind, code, message, retryable }),
      )
      const failed = baro.getFailedActions().map((action) => ({ ...action, error: action.error.code }))
      return { id: write.id, error, failed, shownAtOnce, shown: baro.getEvents().map(({ title }) => title) }
    },
    [method, given],
  )
}

describe('a refused edit', () => {
  const room = openRoom({ site: serveBare, demo: serveDemo })

  async function openPage(t, config) {
    const context = await room.context(t)
    const page = await openBare(context, room.site, config)
    await connect(page)
    return page
  }

  const signedIn = (server, sub, projects) => ({
    url: server.socket,
    projectId: 'mine',
    user: { id: sub },
    auth: { token: tokenFor(sub, { projects }) },
  })

  it('of a project that the token lacks rolls back, says why and is kept', async (t) => {
    const server = await startServer(t, { jwt: true, origin: room.site.address })
    const page = await openPage(t, signedIn(server, 'ana', ['mine']))
    const { error, failed, shownAtOnce, shown } = await outcome(
      page,
      'createEvent',
      eventAt(9, 'Secret', { projectId: 'theirs' }),
    )
    assert.deepEqual([shownAtOnce, shown], [['Secret'], []])
    assert.deepEqual([error.name, error.code, error.retryable], ['RealtimeError', 'forbidden', false])
    assert.ok(error.message.length > 10, error.message)
    assert.deepEqual(
      failed.map(({ type, error: code }) => [type, code]),
      [['create', 'forbidden']],
    )
    assert.equal(failed[0].data.title, 'Secret')
    const heard = await page.evaluate(() => globalThis.heard.filter(([type]) => type === 'sync-failure').length)
    assert.equal(heard, 1)
    // The queue goes on behind it.
    const next = await outcome(page, 'createEvent', eventAt(10, 'Allowed'))
    assert.equal(next.error, undefined)
    const everything = tokenFor('root')
    assert.equal((await server.events('theirs', everything)).length, 0)
    assert.equal((await server.events('mine', everything)).length, 1)
  })

  it('outlives a reload, can be discarded, and is then gone for good', async (t) => {
    const server = await startServer(t, { jwt: true, origin: room.site.address })
    const config = signedIn(server, 'ana', ['mine'])
    const page = await openPage(t, config)
    await outcome(page, 'createEvent', eventAt(9, 'Secret', { projectId: 'theirs' }))
    await outcome(page, 'createEvent', eventAt(9, 'Other secret', { projectId: 'theirs' }))
    const reload = async (count) => {
      await page.evaluate(() => baro.destroy())
      await page.reload()
      await untilIn(page, () => globalThis.ready)
      await page.evaluate((given) => globalThis.makeCalendar(given).connect(), config)
      await untilIn(page, (expected) => baro.getFailedActions().length === expected, count)
      return page.evaluate(() => baro.getFailedActions().map(({ id, data, error }) => [data.title, error.code, id]))
    }
    const kept = await reload(2)
    assert.deepEqual(kept.map(([title, code]) => [title, code]).sort(), [
      ['Other secret', 'forbidden'],
      ['Secret', 'forbidden'],
    ])
    await page.evaluate((id) => baro.discardFailedAction(id), kept.find(([title]) => title === 'Secret')[2])
    assert.deepEqual(
      (await reload(1)).map(([title]) => title),
      ['Other secret'],
    )
    const unknown = await page.evaluate(() => {
      try {
        baro.discardFailedAction('nothing')
      } catch ({ code }) {
        return code
      }
    })
    assert.equal(unknown, 'not_found')
  })

  it('can be retried once the token allows it', async (t) => {
    const server = await startServer(t, { jwt: true, origin: room.site.address })
    const config = signedIn(server, 'ana', ['mine'])
    const page = await openPage(t, config)
    await outcome(page, 'createEvent', eventAt(9, 'Secret', { projectId: 'theirs' }))
    await page.evaluate(() => baro.destroy())
    await page.evaluate((given) => globalThis.makeCalendar(given).connect(), {
      ...config,
      auth: { token: tokenFor('ana', { projects: ['mine', 'theirs'] }) },
    })
    await untilIn(page, () => baro.getFailedActions().length > 0)
    await page.evaluate(() => baro.retryFailedAction(baro.getFailedActions()[0].id))
    await settled(page)
    assert.equal(await page.evaluate(() => baro.getFailedActions().length), 0)
    const events = await server.events('theirs', tokenFor('root'))
    assert.deepEqual(
      events.map(({ title, version }) => [title, version]),
      [['Secret', 1]],
    )
  })

  it('leaves the other edits of the same event standing', async (t) => {
    const server = await startServer(t)
    const page = await openPage(t, { url: server.socket, projectId: 'mine', user: { id: 'ana' } })
    const result = await page.evaluate(
      async (data) => {
        const { id, confirmed } = baro.createEvent(data)
        await confirmed
        const titled = baro.updateEvent(id, { title: 'Renamed' })
        // Too long a text for the server, short enough to leave the page.
        const described = baro.updateEvent(id, { description: 'x'.repeat(63 << 10) })
        const placed = baro.updateEvent(id, { location: 'Room 2' })
        const ends = await Promise.allSettled([titled.confirmed, described.confirmed, placed.confirmed])
        const { title, description, location } = baro.getEvent(id)
        return [ends.map(({ status, reason }) => reason?.code ?? status), title, description?.length, location]
      },
      eventAt(9, 'Named', { notes: 'y'.repeat(4 << 10) }),
    )
    assert.deepEqual(result, [['fulfilled', 'too_large', 'fulfilled'], 'Renamed', undefined, 'Room 2'])
  })

  it('of an event that somebody else deleted says so, and the event stays gone', async (t) => {
    const server = await startServer(t)
    const contexts = await Promise.all(
      ['Ana', 'Ben'].map(() => room.context(t, { viewport: { width: 1440, height: 900 } })),
    )
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    const ana = await openDemo(contexts[0], room.demo, server.socket, 'Ana')
    const ben = await openDemo(contexts[1], room.demo, server.socket, 'Ben')
    await Promise.all([connected(ana), connected(ben)])
    await Promise.all([shows(ana, ['Stand-up']), shows(ben, ['Stand-up'])])

    await switchOffline(ana, true)
    await renameEvent(ana, 'Stand-up', 'Daily')
    await chip(ana, 'Daily').waitFor()
    await ben.evaluate(() => baro.deleteEvent(baro.getEvents()[0].id).confirmed)
    await switchOffline(ana, false)

    await ana.getByTestId('toast').filter({ hasText: 'refused' }).waitFor()
    await chip(ana, 'Daily').waitFor({ state: 'detached' })
    await settled(ana)
    const failed = await ana.evaluate(() => baro.getFailedActions().map(({ type, error }) => [type, error.code]))
    assert.deepEqual(failed, [['update', 'not_found']])
    assert.deepEqual(await server.events('demo'), [])
    assert.deepEqual(await ana.evaluate(() => baro.getEvents().length), 0)
  })
})
