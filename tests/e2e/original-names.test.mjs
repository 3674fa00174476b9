import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { event, newEvent, openProgram, serveProgram, text } from './support/original-program.mjs'
import { startOriginalServer } from './support/original-server.mjs'
import { untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { until } from './support/until.mjs'

const ben = { id: 'ben', name: 'Ben', color: '#2563eb', lastSeen: 0 }

describe('the components of Story 2.3, word for word, on the hooks of the package', () => {
  const room = openRoom({
    site: () =>
      serveProgram('components-of-story-2.3', {
        replaced: ['@/hooks/useRealtimeCalendar', 'useRealtimeCalendar', 'useSyncStatus', 'ConnectionState'],
      }),
  })

  async function openPage(t) {
    const server = await startOriginalServer(t, 'story-2.3')
    const page = await openProgram(await room.context(t), room.site, server)
    await text(page, '#status', 'Connected')
    await until('it subscribed', () => server.payloads('subscribe').length > 0)
    return { server, page }
  }

  it('show who is here and where they point, and tell where this one points', async (t) => {
    const { server, page } = await openPage(t)
    server.tell('p', 'user:joined', ben)
    await text(page, '#users', 'connectedB')
    server.tell('p', 'user:cursor', { userId: 'ben', x: 10, y: 20, timestamp: 0 })
    await text(page, '#cursors', 'Ben')
    const at = await page.evaluate(() => {
      const { left, top } = document.querySelector('#cursors .absolute').style
      return [left, top]
    })
    assert.deepEqual(at, ['10px', '20px'])
    server.tell('p', 'user:left', 'ben')
    await text(page, '#cursors', '')
    await page.mouse.move(100, 200)
    await until('the cursor arrived', () => server.payloads('user:cursor').length > 0)
    const [pointed] = server.payloads('user:cursor')
    assert.deepEqual(
      Object.keys(pointed).filter((key) => key !== 'elementId'),
      ['x', 'y'],
    )
    assert.deepEqual(page.complaints, [])
    assert.equal(server.connections, 1)
  })

  it('tell the state of the connection and what waits, until it has been sent', async (t) => {
    const { server, page } = await openPage(t)
    await server.stop()
    await text(page, '#status', 'Reconnecting...')
    const made = await page.evaluate((data) => createEventWithSync(data).then(({ title }) => title), newEvent)
    assert.equal(made, 'Made here')
    await untilIn(page, () => document.querySelector('#sync').textContent.startsWith('Syncing changes...0/1'))
    await text(page, '#events', 'Made here')
    await server.start()
    await text(page, '#status', 'Connected')
    await text(page, '#sync', '')
    assert.equal(server.payloads('event:create').length, 1)
    await text(page, '#events', 'Made here')
  })

  it('show an event once, under the id that it has on the server', async (t) => {
    const { server, page } = await openPage(t)
    const id = await page.evaluate((data) => createEventWithSync(data).then((event) => event.id), newEvent)
    assert.equal(server.payloads('event:create')[0].id, id)
    server.tell('p', 'event:updated', event(id, { title: 'Changed there', version: 2 }))
    await text(page, '#events', 'Changed there')
    assert.deepEqual(
      await page.evaluate(() => [...document.querySelectorAll('#events li')].map((item) => item.dataset.id)),
      [id],
    )
  })

  it('work with the reference server', async (t) => {
    const server = await startServer(t)
    const [one, two] = await Promise.all([1, 2].map(async () => openProgram(await room.context(t), room.site, server)))
    for (const page of [one, two]) await text(page, '#status', 'Connected')
    const made = await two.evaluate((data) => createEventWithSync(data).then(({ version }) => version), newEvent)
    assert.equal(made, 1)
    await text(one, '#events', 'Made here')
    await two.mouse.move(130, 140)
    await untilIn(one, () => document.querySelector('#cursors .absolute') !== null)
  })
})

describe('the original names, imported from the package', () => {
  const room = openRoom({ site: () => serveProgram('names-of-the-package', {}) })

  async function openPage(t, document, path = '&open') {
    const server = await startOriginalServer(t, document)
    const page = await openProgram(await room.context(t), room.site, server, path)
    return { server, page }
  }

  it('have one socket all together, and none when nobody is left', async (t) => {
    const { server, page } = await openPage(t, 'story-2.3')
    await text(page, '#connected', 'true')
    await text(page, '#status-of-8c', '실시간 동기화 활성')
    await page.evaluate(async () => {
      globalThis.managers = [
        new WebSocketManager({ url: serverAddress }),
        new WebSocketManager({ url: `${serverAddress}?token=secret`, onMessage() {} }),
        new RealtimeEventSync(),
        new CollaborationManager(),
      ]
      for (const manager of managers) await manager.connect()
    })
    assert.deepEqual([server.connections, server.open], [1, 1])
    await page.getByRole('button', { name: 'Close' }).click()
    assert.equal(server.open, 1)
    await page.evaluate(() => managers.forEach((manager) => manager.disconnect()))
    await until('the socket is closed', () => server.open === 0)
    assert.deepEqual(page.complaints, [])
  })

  it('keep the stores of the program, once for each message, and tell the user once', async (t) => {
    const { server, page } = await openPage(t, '8c')
    await until('it subscribed', () => server.payloads('SUBSCRIBE_PROJECT').length > 0)
    server.tell('p', 'EVENT_CREATED', event('Lunch'))
    await text(page, '#stored', 'Lunch')
    await text(page, '#events', 'Lunch')
    server.tell('p', 'EVENT_DELETED', { id: 'Lunch', version: 2 })
    await text(page, '#stored', '')
    server.tell('p', 'USER_JOINED_PROJECT', { projectId: 'p', user: { id: 'ben', name: 'Ben' } })
    await untilIn(page, () => toasts.length >= 3)
    assert.deepEqual(await page.evaluate(() => [toasts, useProjectStore.getState().fetched]), [
      ['새로운 이벤트가 생성되었습니다', '이벤트가 삭제되었습니다', 'Ben님이 프로젝트에 참여했습니다'],
      ['p'],
    ])
    assert.equal(server.connections, 1)
  })

  it('keep the stores with the reference server as well, which does not know the names of 8c', async (t) => {
    const server = await startServer(t)
    const page = await openProgram(await room.context(t), room.site, server, '&open')
    await text(page, '#connected', 'true')
    await text(page, '#status-of-8c', '실시간 동기화 활성')
    // What it had missed would come without a word.
    await until('it subscribed', async () => (await server.metric('baro_channels')) > 0)
    const { id } = await server.rest('POST', '', newEvent)
    await text(page, '#stored', 'Made here')
    await server.rest('DELETE', `/${id}`)
    await text(page, '#stored', '')
    assert.deepEqual(await page.evaluate(() => toasts), ['새로운 이벤트가 생성되었습니다', '이벤트가 삭제되었습니다'])
    assert.deepEqual(page.complaints, [])
    assert.equal(await server.metric('baro_connections'), 1)
  })

  it('are told a change once that a server sends twice under one id', async (t) => {
    const { server, page } = await openPage(t, '8c')
    await until('it subscribed', () => server.payloads('SUBSCRIBE_PROJECT').length > 0)
    for (const id of ['m1', 'm1', 'm2']) server.tellAll('EVENT_CREATED', event(id), { id })
    await text(page, '#stored', 'm1,m2')
  })

  it('follow a project as long as one of them does', async (t) => {
    const { server, page } = await openPage(t, '8c')
    await until('it subscribed', () => server.payloads('SUBSCRIBE_PROJECT').length > 0)
    await page.evaluate(async () => {
      globalThis.sync = new RealtimeEventSync()
      await sync.manager.connect()
      sync.subscribeToProject('p')
      sync.subscribeToProject('p')
      sync.subscribeToProject('q')
      sync.unsubscribeFromProject('p')
      sync.unsubscribeFromProject('q')
    })
    await until('it left the other one', () => server.payloads('UNSUBSCRIBE_PROJECT').length > 0)
    assert.deepEqual(server.payloads('SUBSCRIBE_PROJECT'), [{ projectId: 'p' }, { projectId: 'q' }])
    assert.deepEqual(server.payloads('UNSUBSCRIBE_PROJECT'), [{ projectId: 'q' }])
  })

  it('point, select and type under the names of 8c, and hear the others', async (t) => {
    const { server, page } = await openPage(t, '8c', '')
    await page.evaluate(async () => {
      globalThis.heard = []
      for (const type of ['cursor-update', 'user-typing', 'element-selected']) {
        addEventListener(type, ({ detail }) => heard.push([type, detail.userId]))
      }
      globalThis.collaboration = new CollaborationManager()
      await collaboration.connect()
      collaboration.sendSelection('title', { from: 0, to: 3 })
      collaboration.sendTyping('title', true)
      for (let x = 0; x < 100; x++) collaboration.sendCursorPosition({ x, y: 5 })
    })
    await until('the last position arrived', () => server.payloads('CURSOR_MOVE').at(-1)?.x === 99)
    assert.deepEqual(server.payloads('ELEMENT_SELECT'), [{ elementId: 'title', selection: { from: 0, to: 3 } }])
    assert.deepEqual(server.payloads('USER_TYPING'), [{ elementId: 'title', isTyping: true }])
    assert.ok(server.payloads('CURSOR_MOVE').length <= 3, 'positions are throttled')
    server.tellAll('CURSOR_UPDATE', { userId: 'ben', x: 7, y: 8 })
    server.tellAll('USER_TYPING', { userId: 'ben', elementId: 'title', isTyping: true })
    server.tellAll('ELEMENT_SELECTED', { userId: 'ben', elementId: 'title', selection: null })
    await untilIn(page, () => heard.length === 3)
    assert.deepEqual(await page.evaluate(() => [heard, collaboration.getCursors().map(({ x, y }) => [x, y])]), [
      [
        ['cursor-update', 'ben'],
        ['user-typing', 'ben'],
        ['element-selected', 'ben'],
      ],
      [[7, 8]],
    ])
  })

  it('ask a server of 8c nothing that it does not answer, and keep the connection while nobody says anything', async (t) => {
    const { server, page } = await openPage(t, '8c', '')
    await page.clock.install()
    await page.evaluate(() => {
      globalThis.managers = [new RealtimeEventSync(), new CollaborationManager()]
      return managers[0].connect()
    })
    await until('it is connected', () => server.open === 1)
    await page.clock.runFor(180_000)
    await page.evaluate(() => managers[0].subscribeToProject('p'))
    await until('it subscribed', () => server.payloads('SUBSCRIBE_PROJECT').length > 0)
    assert.deepEqual([server.connections, server.payloads('ping')], [1, []])
  })

  it('show the cursors of others with the class names of 8c', async (t) => {
    const { server, page } = await openPage(t, '8c')
    await until('it subscribed', () => server.payloads('SUBSCRIBE_PROJECT').length > 0)
    server.tellAll('CURSOR_UPDATE', { userId: 'benjamin', x: 7, y: 8 })
    await text(page, '.realtime-cursor .cursor-label', 'User benj')
    await page.mouse.move(50, 60)
    await until('the cursor arrived', () => server.payloads('CURSOR_MOVE').some(({ x, y }) => x === 50 && y === 60))
  })

  it('call back and tell listeners, each in the names of its document', async (t) => {
    const { server, page } = await openPage(t, 'story-2.3', '')
    const told = await page.evaluate(async () => {
      globalThis.told = []
      const listens = new WebSocketManager({ url: serverAddress })
      const once = []
      listens
        .on('message', ({ type, payload }) => told.push(['listener', type, payload]))
        .on('state-change', (state, previous) => told.push(['listener', state, previous]))
        .once('message', () => once.push(1))
      const callsBack = new WebSocketManager({
        url: serverAddress,
        onConnect: () => told.push(['callback', 'connected']),
        onMessage: ({ type, payload }) => told.push(['callback', type, payload]),
      })
      const before = [listens.getState(), callsBack.getConnectionStatus()]
      await Promise.all([listens.connect(), callsBack.connect()])
      const acknowledged = await listens.send('anything', { x: 1 }, { requireAck: true }).then(() => 'acknowledged')
      return [before, listens.getState(), listens.isConnected(), callsBack.getConnectionStatus(), acknowledged]
    })
    assert.deepEqual(told, [
      ['disconnected', { isConnected: false, reconnectAttempts: 0 }],
      'connected',
      true,
      { isConnected: true, reconnectAttempts: 0 },
      'acknowledged',
    ])
    server.tellAll('user:left', 'ben')
    server.tellAll('event:deleted', { id: 'e', version: 2 })
    server.tellAll('weather:changed', 'rain')
    await untilIn(page, () => told.filter(([, type]) => type === 'weather:changed').length === 2)
    const heard = await page.evaluate(() => told)
    assert.deepEqual(
      heard.filter(([by]) => by === 'listener'),
      [
        ['listener', 'connecting', 'disconnected'],
        ['listener', 'connected', 'connecting'],
        ['listener', 'user:left', 'ben'],
        ['listener', 'event:deleted', 'e'],
        ['listener', 'weather:changed', 'rain'],
      ],
    )
    assert.deepEqual(
      heard.filter(([by]) => by === 'callback'),
      [
        ['callback', 'connected'],
        ['callback', 'user:left', 'ben'],
        ['callback', 'EVENT_DELETED', 'e'],
        ['callback', 'weather:changed', 'rain'],
      ],
    )
  })

  it('take a token out of the address', async (t) => {
    const { server, page } = await openPage(t, 'story-2.3', '')
    await page.evaluate(() => new WebSocketManager({ url: `${serverAddress}?room=1&token=secret` }).connect())
    await until('the token arrived', () => server.payloads('auth').length > 0)
    assert.deepEqual([server.addresses, server.payloads('auth')], [['/ws?room=1'], [{ token: 'secret' }]])
  })

  it('send what was given before connecting, and follow what was asked for last', async (t) => {
    const { server, page } = await openPage(t, 'story-2.3', '')
    await page.evaluate(async () => {
      const manager = new WebSocketManager({ url: serverAddress })
      await manager.send('subscribe', { projectId: 'p' })
      await manager.send('subscribe', { projectId: 'q' })
      await manager.send('unsubscribe', { projectId: 'p' })
      await manager.send('note', 1, { requireAck: true })
      await manager.connect()
    })
    await until('the note arrived', () => server.payloads('note').length > 0)
    assert.deepEqual([server.payloads('subscribe'), server.payloads('note')], [[{ projectId: 'q' }], [1]])
  })

  it('stay disconnected after disconnect, while others on the address go on', async (t) => {
    const { server, page } = await openPage(t, 'story-2.3', '')
    const states = await page.evaluate(async () => {
      const [one, other] = [1, 2].map(() => new WebSocketManager({ url: serverAddress }))
      await Promise.all([one.connect(), other.connect()])
      const ended = []
      one.on('disconnected', (code) => ended.push(code)).on('message', () => ended.push('message'))
      one.disconnect()
      globalThis.other = other
      globalThis.ended = ended
      other.on('message', ({ type }) => ended.push(type))
      return [one.getState(), other.getState()]
    })
    assert.deepEqual(states, ['disconnected', 'connected'])
    server.tellAll('weather:changed', 'rain')
    await untilIn(page, () => ended.includes('weather:changed'))
    assert.deepEqual(await page.evaluate(() => ended), [1000, 'weather:changed'])
    assert.equal(server.open, 1)
  })

  it('resolve conflicts without being loaded first, whether dates are objects or strings', async (t) => {
    const { page } = await openPage(t, 'story-2.3', '')
    const { merged, fields, later } = await page.evaluate(async () => {
      const base = {
        id: 'e',
        title: 'Lunch',
        location: 'Here',
        startDate: '2026-03-01T09:00:00.000Z',
        endDate: '2026-03-01T10:00:00.000Z',
        version: 1,
        updatedAt: '2026-03-01T08:00:00.000Z',
      }
      const dated = { ...base, startDate: new Date(base.startDate), updatedAt: new Date('2026-03-01T08:30:00Z') }
      const local = { ...dated, title: 'Long lunch' }
      const remote = { ...base, location: 'There', updatedAt: '2026-03-01T08:20:00.000Z' }
      const fields = new ConflictResolver().detectConflicts(local, remote)
      const merged = await new ConflictResolver('merge').resolve(local, remote, base)
      const later = await new ConflictResolver('last_write_wins').resolve(local, remote)
      return { merged, fields, later }
    })
    assert.deepEqual(fields, ['title', 'location'])
    assert.deepEqual(
      [merged.title, merged.location, merged.startDate],
      ['Long lunch', 'There', '2026-03-01T09:00:00.000Z'],
    )
    assert.equal(later.title, 'Long lunch')
  })
})
