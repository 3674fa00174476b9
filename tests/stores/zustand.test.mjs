import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, eventAt, settled, untilIn } from '../e2e/support/page.mjs'
import { openRoom } from '../e2e/support/room.mjs'
import { startServer } from '../e2e/support/server.mjs'
import { tokenFor } from '../e2e/support/token.mjs'
import { servePage } from './support/bundle.mjs'
import { openPage } from './support/page.mjs'

/** Waits until the store has so many events. */
const holds = (page, count) => untilIn(page, (wanted) => store.getState().events.length === wanted, count)

describe('a Zustand store', () => {
  const room = openRoom({ site: () => servePage('zustand', ['zustand', 'react']) })

  const configOf = (server, more = {}) => ({ url: server.socket, projectId: 'mine', user: { id: 'ana' }, ...more })

  async function open(t, more) {
    const server = await startServer(t)
    const page = await openPage(await room.context(t), room.site, configOf(server, more))
    return { server, page }
  }

  for (const kind of ['plain', 'wrapped']) {
    it(`of a ${kind} kind is set once for a batch, and keeps the events that did not change`, async (t) => {
      const { server, page } = await open(t, { offline: false })
      await page.evaluate((given) => void (globalThis.unbind = bindZustand(baro, makeStore(given))), kind)
      await connect(page)
      await page.evaluate(
        (events) => events.map((event) => baro.createEvent(event).id),
        [eventAt(8, 'One'), eventAt(9, 'Two'), eventAt(10, 'Three')],
      )
      await settled(page)
      await untilIn(page, () => store.getState().pendingIds.size === 0)
      const [, second] = await page.evaluate(() => {
        seen.length = 0
        globalThis.told = { 'events-change': 0, 'sync-status': 0 }
        for (const type of Object.keys(told)) baro.on(type, () => told[type]++)
        globalThis.before = store.getState().events
        return before.map(({ id }) => id)
      })
      await server.rest('PUT', `/${second}`, { title: 'Second' })
      await untilIn(page, () => store.getState().events[1].title === 'Second')
      const result = await page.evaluate(() => ({
        sets: seen.length,
        told: told['events-change'],
        kept: [0, 2].map((index) => store.getState().events[index] === before[index]),
        same:
          store.getState().events === baro.getEvents() &&
          store.getState().events.every((e) => e === baro.getEvent(e.id)),
      }))
      const { told, ...found } = result
      assert.deepEqual(found, { sets: 1, kept: [true, true], same: true })
      // The first edits may still be told of in the frame after their answers, and say nothing new.
      assert.ok(told >= 1, 'it was set when the program was told')

      // A hundred edits of one task are one batch: one setState, though two listeners are told.
      const sets = await page.evaluate(
        async (event) => {
          baro.disconnect()
          seen.length = 0
          for (let count = 0; count < 100; count++) baro.createEvent({ ...event, title: `Many ${count}` })
          const types = ['events-change', 'sync-status']
          await Promise.all(types.map((type) => new Promise((resolve) => baro.once(type, resolve))))
          return [seen.length, store.getState().events.length, store.getState().pendingIds.size]
        },
        eventAt(11, ''),
      )
      assert.deepEqual(sets, [1, 103, 100])
      await connect(page)
      await settled(page)
      await untilIn(page, () => store.getState().pendingIds.size === 0)
      const most = await page.evaluate(() => seen.length - told['events-change'] - told['sync-status'])
      assert.ok(most <= 0, 'it is never set without a notification')
      assert.deepEqual(page.said, [])
    })
  }

  it('flags what waits for the server, and only that, until the answer', async (t) => {
    const { page } = await open(t)
    const before = await page.evaluate(
      (event) => {
        globalThis.unbind = bindZustand(baro, makeStore())
        const { id } = baro.createEvent(event)
        return new Promise((resolve) =>
          baro.once('events-change', () =>
            queueMicrotask(() => {
              const { pendingIds, hasOptimisticUpdate, setOptimisticUpdate, events } = store.getState()
              setOptimisticUpdate('own', {})
              resolve([
                events.length,
                [...pendingIds].join() === id,
                hasOptimisticUpdate(id),
                hasOptimisticUpdate('own'),
              ])
            }),
          ),
        )
      },
      eventAt(9, 'Waiting'),
    )
    assert.deepEqual(before, [1, true, true, true])
    await connect(page)
    await settled(page)
    await untilIn(page, () => store.getState().pendingIds.size === 0)
    const [id] = await page.evaluate(() => store.getState().events.map(({ id: one }) => one))
    assert.deepEqual(await page.evaluate((one) => [one, 'own', 'x'].map(store.getState().hasOptimisticUpdate), id), [
      false,
      true,
      false,
    ])
  })

  it('takes a refused event back, with its flag', async (t) => {
    const server = await startServer(t, { jwt: true, origin: room.site.address })
    const config = configOf(server, { auth: { token: tokenFor('ana', { projects: ['mine'] }) } })
    const page = await openPage(await room.context(t), room.site, config)
    await page.evaluate(() => void (globalThis.unbind = bindZustand(baro, makeStore())))
    await connect(page)
    await page.evaluate((event) => void baro.createEvent(event), eventAt(9, 'Theirs', { projectId: 'theirs' }))
    await untilIn(page, () => seen.some(({ events }) => events.length === 1))
    await untilIn(page, () => store.getState().events.length === 0 && store.getState().pendingIds.size === 0)
    assert.equal(await page.evaluate(() => baro.getFailedActions().length), 1)
  })

  it('of any shape is written as the program says, with what changed only', async (t) => {
    const { page } = await open(t)
    const given = await page.evaluate(
      async ([event, other]) => {
        globalThis.store = createStore(() => ({ byId: {}, count: 0, other: 1 }))
        globalThis.calls = []
        globalThis.unbind = bindZustand(baro, store, {
          query: { projectId: 'mine' },
          write({ events, changed, removed, pending }, { byId }) {
            calls.push([changed.map(({ title }) => title), removed.length, pending.size])
            const next = { ...byId, ...Object.fromEntries(changed.map((one) => [one.id, one])) }
            for (const id of removed) delete next[id]
            return { byId: next, count: events.length }
          },
        })
        const told = () => new Promise((resolve) => baro.once('events-change', () => queueMicrotask(resolve)))
        const [one] = [baro.createEvent(event), baro.createEvent(other)]
        await told()
        baro.updateEvent(one.id, { title: 'Renamed' })
        await told()
        baro.deleteEvent(one.id)
        await told()
        return { calls, state: store.getState() }
      },
      [eventAt(9, 'Here'), eventAt(9, 'Elsewhere', { projectId: 'theirs' })],
    )
    assert.deepEqual(given.state, { byId: {}, count: 0, other: 1 })
    assert.deepEqual(
      given.calls.map(([titles, removed]) => [titles, removed]),
      [
        [[], 0],
        [['Here'], 0],
        [['Renamed'], 0],
        [[], 1],
      ],
    )
  })

  it('edits the calendar by its own actions if it is asked to, and gets them back', async (t) => {
    const { server, page } = await open(t)
    await page.evaluate(() => {
      const { addEvent, updateEvent, deleteEvent, hasOptimisticUpdate } = makeStore().getState()
      globalThis.own = { addEvent, updateEvent, deleteEvent, hasOptimisticUpdate }
      globalThis.unbind = bindZustand(baro, store, { actions: true })
    })
    await connect(page)
    await page.evaluate(
      async ([one, two]) => {
        const { addEvent, updateEvent, deleteEvent } = store.getState()
        const [first, second] = [addEvent(one), addEvent(two)]
        await Promise.all([first.confirmed, second.confirmed])
        await Promise.all([updateEvent(first.id, { title: 'Changed' }).confirmed, deleteEvent(second.id).confirmed])
      },
      [eventAt(9, 'One'), eventAt(10, 'Two')],
    )
    assert.deepEqual(
      (await server.events('mine')).map(({ title }) => title),
      ['Changed'],
    )
    const after = await page.evaluate(() => {
      unbind()
      unbind()
      const state = store.getState()
      return [Object.entries(own).map(([name, action]) => state[name] === action), state.events.length]
    })
    assert.deepEqual(after, [[true, true, true, true], 1])
  })

  it('is left as it is by whoever unbinds, in the middle of a notification too', async (t) => {
    const { page } = await open(t)
    const result = await page.evaluate(
      async (event) => {
        bindZustand(baro, makeStore())
        globalThis.unbind = bindZustand(baro, store)
        const stop = store.subscribe(({ events }) => {
          if (events.length === 1) unbind()
        })
        const told = () => new Promise((resolve) => baro.once('events-change', () => queueMicrotask(resolve)))
        baro.createEvent(event)
        await told()
        stop()
        // The other binding goes on.
        baro.createEvent(event)
        await told()
        return [store.getState().events.length, store.getState().pendingIds.size]
      },
      eventAt(9, 'One'),
    )
    assert.deepEqual(result, [2, 2])
  })

  it('is set once where it is bound twice, and not at all by a calendar that ended', async (t) => {
    const { page } = await open(t)
    const result = await page.evaluate(
      async (event) => {
        const unbinds = [bindZustand(baro, makeStore()), bindZustand(baro, store)]
        const told = () => new Promise((resolve) => baro.once('events-change', () => queueMicrotask(resolve)))
        seen.length = 0
        baro.createEvent(event)
        await told()
        const sets = seen.length
        await baro.destroy()
        for (const unbind of unbinds) unbind()
        const { events, pendingIds, hasOptimisticUpdate } = store.getState()
        return { sets, left: [events.length, pendingIds.size, hasOptimisticUpdate(events[0].id)] }
      },
      eventAt(9, 'One'),
    )
    assert.deepEqual(result, { sets: 1, left: [1, 0, false] })
  })

  it('gets what the calendar has already when it is bound after the fact', async (t) => {
    const { page } = await open(t)
    await connect(page)
    await page.evaluate((event) => baro.createEvent(event).confirmed, eventAt(9, 'Early'))
    const sets = await page.evaluate(() => {
      globalThis.unbind = bindZustand(baro, makeStore())
      return [seen.length, store.getState().events === baro.getEvents()]
    })
    assert.deepEqual(sets, [1, true])
    await holds(page, 1)
  })

  it('says which argument is wrong', async (t) => {
    const { page } = await open(t)
    const texts = await page.evaluate(() =>
      [
        () => bindZustand(baro, {}),
        () => bindZustand(baro, makeStore(), { key: '' }),
        () => bindZustand(baro, makeStore(), { write: 'events' }),
        () => bindZustand(baro, makeStore(), { query: { from: 'soon' } }),
      ].map((call) => {
        try {
          call()
          return 'nothing'
        } catch ({ code, message }) {
          return `${code}: ${message}`
        }
      }),
    )
    assert.match(
      texts[0],
      /^invalid_argument: store\.getState: expected the function of a Zustand store, got undefined/,
    )
    assert.match(texts[1], /^invalid_argument: options\.key: expected a name/)
    assert.match(texts[2], /^invalid_argument: options\.write: expected a function, got string/)
    assert.match(texts[3], /^invalid_argument: .*from/)
  })
})
