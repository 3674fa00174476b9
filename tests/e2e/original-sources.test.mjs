import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { untilIn } from './support/page.mjs'
import { event, newEvent, openProgram, serveProgram, text } from './support/original-program.mjs'
import { startOriginalServer } from './support/original-server.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { until } from './support/until.mjs'

describe('the hook of Story 2.3, word for word, on the WebSocketManager of the package', () => {
  const room = openRoom({
    site: () =>
      serveProgram('hook-of-story-2.3', {
        replaced: ['@/lib/realtime/websocket-manager'],
      }),
  })

  async function openPage(t) {
    const server = await startOriginalServer(t, 'story-2.3')
    const page = await openProgram(await room.context(t), room.site, server)
    await text(page, '#state', 'connected')
    await until('it subscribed', () => server.payloads('subscribe').length > 0)
    return { server, page }
  }

  it('shows what others do to events and where they point', async (t) => {
    const { server, page } = await openPage(t)
    server.tell('p', 'event:created', event('Lunch'))
    await text(page, '#events', 'Lunch')
    server.tell('p', 'user:joined', { id: 'ben', name: 'Ben', color: '#2563eb', lastSeen: 0 })
    await text(page, '#users', 'Ben')
    server.tell('p', 'user:cursor', { userId: 'ben', x: 10, y: 20, timestamp: 0 })
    await text(page, '#users', 'Ben at 10, 20')
    server.tell('p', 'event:updated', event('Lunch', { title: 'Late lunch', version: 2 }))
    await text(page, '#events', 'Late lunch')
    server.tell('p', 'event:deleted', { id: 'Lunch', version: 3 })
    await text(page, '#events', '')
    server.tell('p', 'user:left', 'ben')
    await text(page, '#users', '')
    assert.deepEqual(page.complaints, [])
  })

  it('creates an event that the server acknowledges, in one message', async (t) => {
    const { server, page } = await openPage(t)
    const outcome = await page.evaluate((data) => createEventWithSync(data).then(() => 'created', String), newEvent)
    assert.equal(outcome, 'created')
    const [sent, ...others] = server.payloads('event:create')
    assert.deepEqual([sent.title, sent.projectId, others.length], ['Made here', 'p', 0])
  })

  it('points, and takes the token to the server in no address', async (t) => {
    const { server, page } = await openPage(t)
    await page.evaluate(() => broadcastCursor({ x: 1, y: 2, elementId: '' }))
    await until('the cursor arrived', () => server.payloads('user:cursor').length > 0)
    assert.deepEqual(server.payloads('user:cursor')[0], { x: 1, y: 2 })
    assert.deepEqual(server.payloads('auth'), [{ token: 'token-of-the-session' }])
    assert.deepEqual(
      server.addresses.filter((address) => address.includes('token')),
      [],
    )
  })

  it('follows the project again after an outage, and sends what was created meanwhile', async (t) => {
    const { server, page } = await openPage(t)
    await server.stop()
    await text(page, '#state', 'reconnecting')
    const outcome = await page.evaluate((data) => createEventWithSync(data).then(() => 'kept', String), newEvent)
    assert.equal(outcome, 'kept')
    await server.start()
    await text(page, '#state', 'connected')
    await until('the event arrived', () => server.payloads('event:create').length > 0)
    server.tell('p', 'event:created', event('After the outage'))
    await untilIn(page, () => document.querySelector('#events').textContent.includes('After the outage'))
    assert.equal(server.payloads('event:create').length, 1)
  })

  it('keeps what was created without a server for the next page', async (t) => {
    const { server, page } = await openPage(t)
    await server.stop()
    await text(page, '#state', 'reconnecting')
    await page.evaluate((data) => createEventWithSync(data), newEvent)
    await page.close()
    await server.start()
    await openProgram(page.context(), room.site, server)
    await until('the event arrived', () => server.payloads('event:create').length > 0)
    assert.deepEqual(
      server.payloads('event:create').map(({ title }) => title),
      ['Made here'],
    )
  })

  it('has one socket while it is mounted, and none afterwards', async (t) => {
    const { server, page } = await openPage(t)
    await page.getByRole('button', { name: 'Close' }).click()
    await until('the socket is closed', () => server.open === 0)
    await page.getByRole('button', { name: 'Open' }).click()
    await text(page, '#state', 'connected')
    assert.deepEqual([server.connections, server.open], [2, 1])
  })

  it('shows who is there and what they do on the reference server as well', async (t) => {
    const server = await startServer(t)
    const [one, two] = await Promise.all([1, 2].map(async () => openProgram(await room.context(t), room.site, server)))
    for (const page of [one, two]) await text(page, '#state', 'connected')
    for (const page of [one, two]) await untilIn(page, () => document.querySelectorAll('#users li').length === 1)
    await two.evaluate(() => broadcastCursor({ x: 3, y: 4 }))
    await untilIn(one, () => document.querySelector('#users').textContent.endsWith('at 3, 4'))
    await two.evaluate((data) => createEventWithSync(data), newEvent)
    await text(one, '#events', 'Made here')
  })
})

describe('the sources of 8c, word for word, on the WebSocketManager of the package', () => {
  const room = openRoom({
    site: () =>
      serveProgram('sources-of-8c', {
        replaced: ['WebSocketManager'],
        original: {
          'lib/realtime/eventSync': ['RealtimeEventSync'],
          'lib/realtime/collaboration': ['CollaborationManager'],
          'hooks/useRealtimeSync': ['useRealtimeSync'],
        },
      }),
  })

  async function openPage(t, server) {
    const page = await openProgram(await room.context(t), room.site, server)
    await until('it subscribed', () => server.payloads('SUBSCRIBE_PROJECT').length > 0)
    return page
  }

  it('keep the stores up to date and tell the user, on one socket', async (t) => {
    const server = await startOriginalServer(t, '8c')
    const page = await openPage(t, server)
    server.tell('p', 'EVENT_CREATED', event('Lunch'))
    await text(page, '#events', 'Lunch')
    server.tell('p', 'EVENT_UPDATED', event('Lunch', { title: 'Late lunch', version: 2 }))
    await text(page, '#events', 'Late lunch')
    server.tell('p', 'EVENT_DELETED', 'Lunch')
    await text(page, '#events', '')
    server.tell('p', 'PROJECT_UPDATED', { id: 'p', name: 'Team' })
    server.tell('p', 'USER_JOINED_PROJECT', { projectId: 'p', user: { id: 'ben', name: 'Ben' } })
    await untilIn(page, () => toasts.length === 4)
    assert.deepEqual(await page.evaluate(() => toasts), [
      '새로운 이벤트가 생성되었습니다',
      '이벤트가 업데이트되었습니다',
      '이벤트가 삭제되었습니다',
      'Ben님이 프로젝트에 참여했습니다',
    ])
    assert.deepEqual(
      await page.evaluate(() => [useProjectStore.getState().names, useProjectStore.getState().fetched]),
      [{ p: 'Team' }, ['p']],
    )
    assert.equal(server.connections, 1)
    assert.deepEqual(page.complaints, [])
  })

  it('follow their projects again after an outage', async (t) => {
    const server = await startOriginalServer(t, '8c')
    const page = await openPage(t, server)
    await server.stop()
    await server.start()
    await until('it subscribed again', () => server.payloads('SUBSCRIBE_PROJECT').length > 1)
    server.tell('p', 'EVENT_CREATED', event('After the outage'))
    await text(page, '#events', 'After the outage')
  })
})
