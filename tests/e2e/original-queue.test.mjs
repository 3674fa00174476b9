import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openProgram, serveProgram } from './support/original-program.mjs'
import { openRoom } from './support/room.mjs'
import { untilIn } from './support/page.mjs'
import { until } from './support/until.mjs'

const nowhere = { socket: 'ws://127.0.0.1:9' }

/** The program's REST interface: answers what a test says, and records what was asked. */
async function startRest(context, answer = () => ({})) {
  const rest = { requests: [], answer }
  await context.route('**/api/**', async (route) => {
    const request = route.request()
    const asked = {
      what: `${request.method()} ${new URL(request.url()).pathname}`,
      body: request.postDataJSON(),
      key: request.headers()['idempotency-key'],
    }
    rest.requests.push(asked)
    const { status = 200, json = {} } = rest.answer(asked, rest.requests.length)
    if (status === 0) await route.abort('connectionfailed')
    else await route.fulfill({ status, json })
  })
  return rest
}

const asked = (rest) => rest.requests.map(({ what }) => what)

const drained = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const look = () => offlineManager.getStatus().pendingActions.length === 0 && resolve()
        offlineManager.subscribe(look)
        offlineManager.initialize().then(look)
      }),
  )

const queue = (page, ...actions) =>
  page.evaluate(async (given) => {
    for (const action of given) await offlineManager.queueAction(action)
  }, actions)

describe('the OfflineManager of Story 2.3, imported from the package', () => {
  const room = openRoom({ site: () => serveProgram('names-of-the-package', {}) })

  async function openPage(t, answer) {
    const context = await room.context(t)
    const rest = await startRest(context, answer)
    const page = await openProgram(context, room.site, nowhere)
    await untilIn(page, () => globalThis.offlineManager)
    return { context, rest, page }
  }

  it('sends what is queued in its order, and the id of the server in place of a temporary one', async (t) => {
    const { rest, page } = await openPage(t, () => ({ status: 0 }))
    await queue(
      page,
      { type: 'create', resource: 'events', data: { id: 'temp-1', title: 'Lunch' } },
      { type: 'update', resource: 'events', data: { id: 'temp-1', title: 'Late lunch' } },
      { type: 'delete', resource: 'events', data: { id: 'temp-1' } },
    )
    const status = await page.evaluate(() => offlineManager.getStatus())
    assert.deepEqual(
      status.pendingActions.map(({ description }) => description),
      ['create events: Lunch', 'update events: Late lunch', 'delete events: temp-1'],
    )
    rest.requests.length = 0
    rest.answer = ({ what }) => (what.startsWith('POST') ? { json: { id: 'real' } } : {})
    await page.evaluate(() => dispatchEvent(new Event('online')))
    await drained(page)
    assert.deepEqual(asked(rest), ['POST /api/events', 'PUT /api/events/real', 'DELETE /api/events/real'])
    assert.equal(new Set(rest.requests.map(({ key }) => key)).size, 3)
  })

  it('sends what the original left in its database', async (t) => {
    const { rest, page } = await openPage(t)
    await page.evaluate(async () => {
      const opening = indexedDB.open('baro-calendar-offline', 1)
      opening.onupgradeneeded = () => {
        opening.result.createObjectStore('actions', { keyPath: 'id' }).createIndex('timestamp', 'timestamp')
        opening.result.createObjectStore('cache', { keyPath: 'key' }).createIndex('expiry', 'expiry')
      }
      await new Promise((resolve) => (opening.onsuccess = resolve))
      const transaction = opening.result.transaction('actions', 'readwrite')
      const left = (id, timestamp) => ({
        id,
        type: 'create',
        resource: 'projects',
        data: { name: id },
        timestamp,
        retryCount: 1,
      })
      transaction.objectStore('actions').put(left('a', 2))
      transaction.objectStore('actions').put(left('b', 1))
      await new Promise((resolve) => (transaction.oncomplete = resolve))
      opening.result.close()
    })
    await drained(page)
    assert.deepEqual(
      rest.requests.map(({ body }) => body.name),
      ['b', 'a'],
    )
  })

  it('keeps what is queued for the next page', async (t) => {
    const { context, rest, page } = await openPage(t, () => ({ status: 0 }))
    await queue(page, { type: 'create', resource: 'events', data: { title: 'Lunch' } })
    await page.close()
    rest.requests.length = 0
    rest.answer = () => ({})
    const next = await openProgram(context, room.site, nowhere)
    await untilIn(next, () => globalThis.offlineManager)
    await drained(next)
    assert.deepEqual(
      rest.requests.map(({ body }) => body.title),
      ['Lunch'],
    )
  })

  it('holds no outage against an action, however long', async (t) => {
    const outage = [0, 503, 502, 429, 401]
    const { rest, page } = await openPage(t, (_, count) =>
      count <= outage.length ? { status: outage[count - 1] } : {},
    )
    await page.evaluate(() => {
      globalThis.ended = []
      addEventListener('sync-failure', ({ detail }) => ended.push(detail))
      // Waiting is not what this is about.
      Math.random = () => 0
    })
    await queue(page, { type: 'update', resource: 'events', data: { id: 'e', title: 'Lunch' } })
    await drained(page)
    assert.equal(rest.requests.length, outage.length + 1)
    assert.equal(new Set(rest.requests.map(({ key }) => key)).size, 1)
    assert.deepEqual(await page.evaluate(() => ended), [])
  })

  it('keeps what is refused for the user, tells it once, and goes on with the rest', async (t) => {
    const refused = ({ body }) => (body.title === '' ? { status: 422 } : {})
    const { rest, page } = await openPage(t, refused)
    await page.evaluate(() => {
      globalThis.ended = []
      addEventListener('sync-failure', ({ detail }) => ended.push(detail.data.title))
    })
    await queue(
      page,
      { type: 'create', resource: 'events', data: { title: '' } },
      { type: 'create', resource: 'events', data: { title: 'Lunch' } },
    )
    await drained(page)
    assert.deepEqual(asked(rest), ['POST /api/events', 'POST /api/events'])
    const failed = await page.evaluate(() => offlineManager.getStatus().failedActions)
    assert.deepEqual(
      failed.map(({ failure, data }) => [failure.status, data.title]),
      [[422, '']],
    )
    assert.deepEqual(await page.evaluate(() => ended), [''])
    rest.answer = () => ({})
    await page.evaluate((id) => offlineManager.retryFailedAction(id), failed[0].id)
    await drained(page)
    assert.deepEqual(
      [rest.requests.length, await page.evaluate(() => offlineManager.getStatus().failedActions)],
      [3, []],
    )
  })

  it('sends each action once, whichever of several tabs it was queued in', async (t) => {
    const { context, rest, page } = await openPage(t)
    const other = await openProgram(context, room.site, nowhere)
    await untilIn(other, () => globalThis.offlineManager)
    const create = (title) => ({ type: 'create', resource: 'events', data: { title } })
    await Promise.all([
      queue(page, ...['1', '2', '3', '4', '5'].map(create)),
      queue(other, ...['6', '7', '8', '9', '10'].map(create)),
    ])
    await until('all were sent', () => rest.requests.length >= 10)
    await Promise.all([drained(page), drained(other)])
    const titles = rest.requests.map(({ body }) => Number(body.title)).sort((one, two) => one - two)
    assert.deepEqual(titles, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('caches until the time is over', async (t) => {
    const { page } = await openPage(t)
    const found = await page.evaluate(async () => {
      await offlineManager.setCached('kept', { title: 'Lunch' })
      await offlineManager.setCached('over', 1, -1)
      const before = [await offlineManager.getCached('kept'), await offlineManager.getCached('over')]
      await offlineManager.clearCache()
      return [...before, await offlineManager.getCached('kept')]
    })
    assert.deepEqual(found, [{ title: 'Lunch' }, null, null])
  })
})
