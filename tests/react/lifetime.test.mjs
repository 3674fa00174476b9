import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { connected, create, eventAt, settled, shows, untilIn } from '../e2e/support/page.mjs'
import { trap } from '../e2e/support/trap.mjs'
import { until } from '../e2e/support/until.mjs'
import { repository } from '../packaging/installed.mjs'
import { versions } from './support/bundle.mjs'
import { openReactRoom } from './support/room.mjs'

const textOf = (page, name) => page.getByTestId(name).textContent()

const showsText = (page, name, text) =>
  untilIn(page, ([id, wanted]) => document.querySelector(`[data-testid=${id}]`)?.textContent === wanted, [name, text])

for (const version of versions) {
  describe(`a provider of React ${version}`, () => {
    const room = openReactRoom('events', version)

    it('opens one socket in StrictMode, and shows what is written and by whom', async (t) => {
      const { server, network, page } = await room.open(t)
      await connected(page)
      const ben = await room.join(t, server, 'ben', 'Ben')
      await create(ben, eventAt(9, 'Breakfast', { projectId: 'mine' }))
      await showsText(page, 'titles', 'Breakfast')
      await showsText(page, 'people', 'Ben')
      assert.equal(await textOf(page, 'state'), 'connected')
      assert.deepEqual(await page.evaluate(() => globalThis.told), ['join ben'])
      assert.equal(await server.metric('baro_connections'), 2)
      assert.equal(network.seen.upgrades, 1)
      assert.equal(await page.evaluate(() => globalThis.made.size), 1)
    })

    it('keeps its socket when it is mounted anew in one turn, as after a hot update', async (t) => {
      const { network, page, show } = await room.open(t)
      await connected(page)
      for (const key of ['second', 'third']) await show({}, { key })
      await page.evaluate(
        () =>
          globalThis.baro.createEvent({
            title: 'Kept',
            startDate: '2026-01-01',
            endDate: '2026-01-02',
            projectId: 'mine',
          }).confirmed,
      )
      await showsText(page, 'titles', 'Kept')
      assert.equal(await page.evaluate(() => globalThis.made.size), 1)
      assert.equal(network.seen.upgrades, 1)
    })

    it('makes another calendar for a configuration that says something else, and for no other', async (t) => {
      const { server, network, page, show } = await room.open(t)
      await connected(page)
      await settled(page)
      for (let round = 0; round < 3; round++) await show()
      assert.equal(await page.evaluate(() => globalThis.made.size), 1)

      await show({ projectId: 'another', user: { id: 'eve' } })
      await until('another calendar is connected', async () => {
        const [size, isConnected] = await page.evaluate(() => [globalThis.made.size, globalThis.baro.isConnected()])
        return size === 2 && isConnected
      })
      await until('the first connection is closed', async () => (await server.metric('baro_connections')) === 1)
      assert.equal(network.seen.upgrades, 2)
      const states = await page.evaluate(() =>
        [...globalThis.made].map((calendar) => {
          try {
            return calendar.getState()
          } catch (error) {
            return error.code
          }
        }),
      )
      assert.deepEqual(states, ['destroyed', 'connected'])
    })

    it('gives everything back when it is unmounted', async (t) => {
      const { server, page } = await room.open(t, {
        before: () => {
          const held = (globalThis.held = new Set())
          const keyOf = (target, type, listener, options) => {
            const name = [window, document].indexOf(target)
            return name < 0 || !listener
              ? undefined
              : { name, type, listener, capture: !!(options?.capture ?? options) }
          }
          const find = (key) =>
            [...held].find(
              (one) =>
                one.name === key.name &&
                one.type === key.type &&
                one.listener === key.listener &&
                one.capture === key.capture,
            )
          const { addEventListener, removeEventListener } = EventTarget.prototype
          EventTarget.prototype.addEventListener = function (type, listener, options) {
            const key = keyOf(this, type, listener, options)
            if (key && !find(key)) held.add(key)
            return addEventListener.call(this, type, listener, options)
          }
          EventTarget.prototype.removeEventListener = function (type, listener, options) {
            const key = keyOf(this, type, listener, options)
            if (key) held.delete(find(key))
            return removeEventListener.call(this, type, listener, options)
          }
        },
        props: null,
      })
      const kinds = () => page.evaluate(() => [...globalThis.held].map(({ name, type }) => `${name} ${type}`).sort())
      const before = await kinds()
      await page.evaluate((url) => globalThis.show({ url, projectId: 'mine', user: { id: 'ana' } }), server.socket)
      await connected(page)
      assert.notDeepEqual(await kinds(), before)
      await page.evaluate(() => globalThis.hide())
      await until('nobody is connected', async () => (await server.metric('baro_connections')) === 0)
      await until('nothing listens', async () => String(await kinds()) === String(before))
      assert.equal(await page.evaluate(() => document.getElementById('root').childElementCount), 0)
    })

    it('renders before the WebAssembly is there, tells that it cannot be loaded, and loads it when asked again', async (t) => {
      const { page, show } = await room.open(t, { props: null })
      let isBlocked = true
      await page.route(/payload/, (route) => (isBlocked ? route.abort() : route.continue()))
      await show()
      await showsText(page, 'state', 'error')
      assert.equal(await textOf(page, 'titles'), '')
      assert.deepEqual(await page.evaluate(() => globalThis.told.slice(0, 1)), ['error wasm_load_failed'])
      // What is written meanwhile waits for it.
      await page.evaluate(() => {
        void globalThis.calls.createEventWithSync({ title: 'Early', startDate: '2026-01-01', endDate: '2026-01-02' })
      })
      isBlocked = false
      await showsText(page, 'state', 'connected')
      await shows(page, ['Early'])
    })

    it('calls the latest of the functions that a configuration brings, with the calendar that is there', async (t) => {
      const { page, show } = await room.open(t, { props: { sync: 'the first' } })
      await connected(page)
      await show({}, { sync: 'the second' })
      await create(page, eventAt(9, 'Breakfast', { projectId: 'mine' }))
      await untilIn(page, () => globalThis.told.some((one) => one.startsWith('sent')))
      assert.deepEqual(await page.evaluate(() => [globalThis.told, globalThis.made.size]), [['sent by the second'], 1])
    })

    it('makes another calendar when the WebAssembly fails, which goes on where that one was', async (t) => {
      const { server, page, show } = await room.open(t, { props: null })
      await server.rest('POST', '', eventAt(9, 'Breakfast', { projectId: 'mine' }))
      const module = trap(
        readFileSync(join(repository, 'dist/package/baro_realtime_bg.wasm')),
        'realtimecalendar_clearCache',
      )
      await page.route('**/trapped.wasm', (route) =>
        route.fulfill({ body: Buffer.from(module), contentType: 'application/wasm' }),
      )
      await show({}, { wasm: '/trapped.wasm' })
      await showsText(page, 'titles', 'Breakfast')
      await page.evaluate(() => baro.clearCache().catch(() => {}))
      await untilIn(page, () => globalThis.made.size === 2 && baro.isConnected())
      await showsText(page, 'titles', 'Breakfast')
      assert.deepEqual(await page.evaluate(() => globalThis.told), ['error fatal'])
    })

    it('throws a configuration that is refused to the error boundary', async (t) => {
      const { page, show } = await room.open(t, { props: null })
      await show({ transports: ['pigeon'] }, {})
      await showsText(page, 'refused', 'invalid_config')
    })

    it('connects only while a hook wants it where it is told not to by itself', async (t) => {
      const { server, page, show } = await room.open(t, { props: { autoConnect: false } })
      await untilIn(page, () => globalThis.baro)
      assert.equal(await textOf(page, 'state'), 'disconnected')
      await show({}, { autoConnect: false, connecting: true })
      await showsText(page, 'connecting', 'connected')
      await show({}, { autoConnect: false })
      await showsText(page, 'state', 'disconnected')
      await until('nobody is connected', async () => (await server.metric('baro_connections')) === 0)
    })

    it('subscribes to a project for as long as a component asks for it', async (t) => {
      const { server, page, show } = await room.open(t)
      await server.rest('POST', '', eventAt(9, 'Elsewhere', { projectId: 'other' }))
      await connected(page)
      assert.equal(await textOf(page, 'other'), 'not subscribed')
      await show({}, { other: 'other' })
      await showsText(page, 'other', 'subscribed')
      await shows(page, ['Elsewhere'])
      assert.equal(await textOf(page, 'titles'), '')
      await show()
      await showsText(page, 'other', 'not subscribed')
    })

    it('resolves a write with the word of the server, and rejects one that is refused after the rollback', async (t) => {
      const { server, page } = await room.open(t)
      await connected(page)
      await server.rest('POST', '', eventAt(9, 'Taken', { id: 'taken', projectId: 'another' }))
      const [first, second] = await page.evaluate(async () => {
        const { createEventWithSync, updateEventWithSync, deleteEventWithSync } = globalThis.calls
        const made = await createEventWithSync({
          id: 'e',
          title: 'Lunch',
          startDate: '2026-01-01T12:00:00Z',
          endDate: '2026-01-01T13:00:00Z',
          projectId: 'mine',
        })
        const changed = await updateEventWithSync('e', { title: 'Late lunch' })
        const twice = { id: 'taken', title: 'Twice', startDate: '2026-01-01', endDate: '2026-01-02' }
        const refusal = await createEventWithSync(twice).catch(({ code }) => [code, baro.getEvents().length])
        const gone = await deleteEventWithSync('e')
        return [[made.version, changed.title, gone.title], refusal]
      })
      assert.deepEqual(first, [1, 'Late lunch', 'Late lunch'])
      assert.deepEqual(second, ['already_exists', 1])
    })
  })
}
