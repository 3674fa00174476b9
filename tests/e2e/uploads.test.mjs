import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, create, eventAt, openBare, settled, untilIn } from './support/page.mjs'
import { openProxy } from './support/proxy.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { tokenFor } from './support/token.mjs'
import { until } from './support/until.mjs'

const unavailable = JSON.stringify({ code: 'unavailable', message: 'later', retryable: true })
// Where a WebSocket takes its time, polling is tried as well.
const isWrite = ({ method, url }) => method !== 'GET' && url.startsWith('/api')
const first = (answer) => {
  let isFirst = true
  return (request) => {
    if (!isWrite(request) || !isFirst) return undefined
    isFirst = false
    return answer
  }
}

describe('writes past the socket', () => {
  const room = openRoom({ site: serveBare })

  /** A page whose writes go over REST, through a proxy that can spoil them. */
  async function openPage(t, { jwt = false, ...more } = {}) {
    const server = await startServer(t, jwt ? { jwt, origin: room.site.address } : {})
    const proxy = await openProxy(t, server, 'pass')
    const context = await room.context(t)
    const config = {
      url: proxy.socket,
      projectId: 'mine',
      user: { id: 'ana' },
      offline: { sync: { rest: `http://${proxy.address}/api/events` } },
      ...more,
    }
    const page = await openBare(context, room.site, jwt ? undefined : config)
    if (!jwt) await connect(page)
    const writes = () => proxy.seen.requests.filter(isWrite).map(({ method }) => method)
    return { server, proxy, context, page, config, writes }
  }

  const change = (page, id, changes) =>
    page.evaluate(([event, fields]) => void baro.updateEvent(event, fields), [id, changes])

  it('go as requests, in their order for each event, and arrive once', async (t) => {
    const { server, page, writes } = await openPage(t)
    const id = await create(page, eventAt(9, 'First'))
    // Edits that wait for their turn together are one request.
    await settled(page)
    await page.evaluate((event) => baro.updateEvent(event, { location: 'Room 1' }).confirmed, id)
    await create(page, eventAt(10, 'Second'))
    await settled(page)
    const events = await server.events('mine')
    assert.deepEqual(events.map(({ title, version }) => [title, version]).sort(), [
      ['First', 2],
      ['Second', 1],
    ])
    assert.deepEqual(writes().sort(), ['POST', 'POST', 'PUT'])
    const trace = await page.evaluate(() =>
      baro.getTrace().filter(({ kind, type }) => kind === 'sent' && type === 'write'),
    )
    assert.deepEqual(trace, [], 'none went on the socket')
    assert.deepEqual(await page.evaluate(() => baro.getSyncStatus().syncProgress.percentage), 100)
    await page.evaluate((event) => baro.deleteEvent(event).confirmed, id)
    assert.deepEqual(
      (await server.events('mine')).map(({ title }) => title),
      ['Second'],
    )
  })

  it('are tried again after 503 and after the page of a proxy, while those of other events go on', async (t) => {
    const { server, proxy, page } = await openPage(t)
    let spoiled = 0
    const answers = [
      [503, unavailable],
      [404, '<html>no such page</html>'],
      [502, '<html>bad gateway</html>'],
      [200, '<html>sign in</html>'],
    ]
    let bad
    proxy.answer = (request) => {
      if (!isWrite(request)) return undefined
      const { headers } = request
      bad ??= headers['idempotency-key']
      return headers['idempotency-key'] === bad ? answers[spoiled++] : undefined
    }
    await create(page, eventAt(9, 'Spoiled'))
    await until('the first attempt failed', () => spoiled > 0)
    await create(page, eventAt(10, 'Other'))
    await until('the other arrived', async () => (await server.events('mine')).some(({ title }) => title === 'Other'))
    await settled(page)
    assert.equal(spoiled, answers.length + 1)
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 2)
    assert.deepEqual(await page.evaluate(() => baro.getFailedActions()), [])
  })

  it('are kept as failed with all that went wrong once the server put them off too often', async (t) => {
    const { proxy, page } = await openPage(t)
    proxy.answer = (request) => (isWrite(request) ? [503, unavailable] : undefined)
    await create(page, eventAt(9, 'Never'))
    await untilIn(page, () => baro.getFailedActions().length > 0)
    const [failed, status] = await page.evaluate(() => [baro.getFailedActions()[0], baro.getSyncStatus()])
    assert.deepEqual(
      failed.errors.map(({ code }) => code),
      Array.from({ length: 4 }, () => 'unavailable'),
    )
    assert.deepEqual([status.failed, status.pendingActions, status.syncProgress.percentage], [1, [], 100])
    proxy.answer = () => undefined
    await page.evaluate((id) => baro.retryFailedAction(id), failed.id)
    await settled(page)
    assert.deepEqual(await page.evaluate(() => [baro.getFailedActions().length, baro.getEvents().length]), [0, 1])
  })

  it('wait without network, outlive a reload and arrive once', async (t) => {
    const { server, proxy, context, page, config } = await openPage(t)
    await context.setOffline(true)
    await untilIn(page, () => !baro.getSyncStatus().online)
    const id = await create(page, eventAt(9, 'Offline'), { stored: true })
    await page.evaluate((event) => baro.updateEvent(event, { location: 'Room 1' }).persisted, id)
    assert.equal(await page.evaluate(() => baro.getSyncStatus().pendingActions.length), 1)
    // The answer to the first attempt gets lost, with the page.
    proxy.answer = first('lose')
    await context.setOffline(false)
    await until('the write arrived', async () => (await server.events('mine')).length === 1)
    await page.reload()
    await untilIn(page, () => globalThis.ready)
    await page.evaluate((given) => void globalThis.makeCalendar(given), config)
    await connect(page)
    await settled(page)
    assert.deepEqual(
      (await server.events('mine')).map(({ title, location, version }) => [title, location, version]),
      [['Offline', 'Room 1', 1]],
    )
    const keys = proxy.seen.requests.filter(isWrite).map(({ key }) => key)
    assert.ok(keys.length >= 2 && new Set(keys).size === 1, keys.join(' '))
  })

  it('are held while the token is refused, and go on with the next one', async (t) => {
    const { server, proxy, page, config } = await openPage(t, { jwt: true })
    proxy.answer = first([401, JSON.stringify({ code: 'token_expired', message: 'over' })])
    await page.evaluate(
      ([given, token, fresh]) => {
        globalThis.asked = 0
        const refreshToken = () => {
          globalThis.asked++
          return Promise.resolve(fresh)
        }
        void globalThis.makeCalendar({ ...given, auth: { token, refreshToken } })
        void baro.connect()
      },
      [config, tokenFor('ana'), tokenFor('ana', { lasts: 7200 })],
    )
    await create(page, eventAt(9, 'Signed in'))
    await settled(page)
    assert.equal((await server.events('mine', tokenFor('root'))).length, 1)
    assert.equal(await page.evaluate(() => globalThis.asked), 1)
    assert.deepEqual(await page.evaluate(() => baro.getFailedActions()), [])
  })

  it('are made anew on what another wrote meanwhile, if the server says so', async (t) => {
    const { server, proxy, page } = await openPage(t)
    const id = await create(page, eventAt(9, 'Mine'))
    await settled(page)
    const theirs = await server.rest('PUT', `/${id}`, { location: 'Room 9' })
    proxy.answer = first([409, JSON.stringify({ ...theirs, version: theirs.version })])
    await change(page, id, { title: 'Mine again' })
    await settled(page)
    assert.deepEqual(
      (await server.events('mine')).map(({ title, location }) => [title, location]),
      [['Mine again', 'Room 9']],
    )
    const keys = proxy.seen.requests.filter(({ method }) => method === 'PUT').map(({ key }) => key)
    assert.equal(new Set(keys).size, 2, 'the second is a write of its own')
  })

  it('are merged by the server with what another wrote meanwhile, and say what they were made on', async (t) => {
    const { server, proxy, page } = await openPage(t, { conflict: { strategy: 'merge' } })
    const id = await create(page, eventAt(9, 'Mine'))
    await settled(page)
    await page.evaluate(() => {
      globalThis.conflicts = []
      baro.on('conflict:detected', ({ fields }) => globalThis.conflicts.push(fields))
    })
    let other
    const overtaken = new Promise((resolve) => {
      proxy.answer = ({ method, url }) => {
        if (method !== 'PUT' || url.startsWith('/poll') || other !== undefined) return undefined
        // Before the first attempt gets through, somebody else changes the event.
        other = server.rest('PUT', `/${id}`, { location: 'Room 5', color: '#ff0000' }).then(resolve)
        return [503, unavailable]
      }
    })
    await page.evaluate((event) => void baro.updateEvent(event, { title: 'Mine at last', location: 'Room 2' }), id)
    await overtaken
    await settled(page)
    const [merged] = await server.events('mine')
    assert.deepEqual([merged.title, merged.location, merged.color], ['Mine at last', 'Room 5', '#ff0000'])
    assert.deepEqual(await page.evaluate(() => globalThis.conflicts), [['location']])
    await page.evaluate((event) => baro.deleteEvent(event).confirmed, id)
    assert.deepEqual(await server.events('mine'), [])
  })

  it('go through the function of the program, which is asked again until it is done', async (t) => {
    const { server, page, config } = await openPage(t)
    await page.evaluate(() => baro.destroy())
    await page.evaluate(
      ([given, rest]) => {
        globalThis.actions = []
        const sync = async (action) => {
          actions.push(action)
          if (actions.length === 1) throw new Error('not yet')
          if (action.data?.title === 'Bad')
            throw Object.assign(new Error('never'), { retryable: false, code: 'bad_title' })
          const answer = await fetch(rest, { method: 'POST', body: JSON.stringify(action.data) })
          return answer.json()
        }
        void globalThis.makeCalendar({ ...given, offline: { sync } })
        void baro.connect()
      },
      [config, config.offline.sync.rest],
    )
    const id = await create(page, eventAt(9, 'Through'))
    await settled(page)
    await create(page, eventAt(10, 'Bad'))
    await untilIn(page, () => baro.getFailedActions().length === 1)
    assert.deepEqual(
      (await server.events('mine')).map(({ title }) => title),
      ['Through'],
    )
    const actions = await page.evaluate(() => globalThis.actions)
    assert.deepEqual(
      actions.map(({ type, resource, eventId, data, retryCount }) => [
        type,
        resource,
        eventId === id,
        data.title,
        retryCount,
      ]),
      [
        ['create', 'event', true, 'Through', 0],
        ['create', 'event', true, 'Through', 1],
        ['create', 'event', false, 'Bad', 0],
      ],
    )
    assert.equal(actions[0].id, actions[1].id)
    assert.equal(await page.evaluate(() => baro.getFailedActions()[0].error.code), 'bad_title')
  })
})
