import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, create, eventAt, openBare, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'

describe('reading the calendar', () => {
  const room = openRoom({ site: serveBare })

  async function openPages(t, ...users) {
    const server = await startServer(t)
    const open = async (user) => {
      const context = await room.context(t)
      const page = await openBare(context, room.site, { url: server.socket, projectId: 'mine', user: { id: user } })
      await connect(page)
      return page
    }
    return [server, ...(await Promise.all(users.map(open)))]
  }

  it('gives the same array and the same events until what they show changes', async (t) => {
    const [, ana, ben] = await openPages(t, 'ana', 'ben')
    const [first, second] = [await create(ana, eventAt(9, 'First')), await create(ana, eventAt(10, 'Second'))]
    await settled(ana)
    await shows(ben, ['First', 'Second'])

    const still = await ben.evaluate((id) => {
      globalThis.was = { all: baro.getEvents(), first: baro.getEvent(id) }
      const query = () => baro.getEvents({ projectId: 'mine', from: '2000-01-01', to: '2100-01-01' })
      baro.broadcastCursor({ x: 1, y: 1 })
      return [
        baro.getEvents() === globalThis.was.all,
        query() === query(),
        baro.getEvents().find((event) => event.id === id) === globalThis.was.first,
        query().includes(globalThis.was.first),
        Object.isFrozen(globalThis.was.all) && Object.isFrozen(globalThis.was.first),
      ]
    }, first)
    assert.deepEqual(still, [true, true, true, true, true])

    await ana.evaluate((id) => baro.updateEvent(id, { title: 'Changed' }).confirmed, second)
    await shows(ben, ['Changed', 'First'])
    const after = await ben.evaluate(
      ([untouched, changed]) => [
        baro.getEvents() !== globalThis.was.all,
        baro.getEvent(untouched) === globalThis.was.first,
        baro.getEvent(changed) !== globalThis.was.all.find(({ id }) => id === changed),
        globalThis.was.all.map(({ title }) => title).sort(),
      ],
      [first, second],
    )
    assert.deepEqual(after, [true, true, true, ['First', 'Second']])
  })

  it('gives an event without what waits for the server, and the queue as it is, in the task of the edit', async (t) => {
    const [, ana] = await openPages(t, 'ana')
    const id = await create(ana, eventAt(9, 'Confirmed'))
    await settled(ana)
    const seen = await ana.evaluate((given) => {
      const [confirmed, idle] = [baro.getEvent(given), baro.getSyncStatus()]
      const titles = () => [baro.getEvent(given)?.title, baro.getConfirmedEvent(given)?.title]
      const steps = [titles()]
      baro.disconnect()
      baro.updateEvent(given, { title: 'Edited' })
      steps.push(titles())
      const kept = [baro.getConfirmedEvent(given) === baro.getConfirmedEvent(given), Object.isFrozen(confirmed)]
      const busy = baro.getSyncStatus()
      const { type, resourceId } = busy.pendingActions[0] ?? {}
      baro.deleteEvent(given)
      steps.push(titles())
      const created = baro.createEvent({ ...confirmed, id: 'new', title: 'New' }).id
      return {
        steps,
        kept,
        waits: [idle.pendingActions.length, type, resourceId === given, busy === idle],
        same: baro.getSyncStatus() === baro.getSyncStatus(),
        of: [baro.getConfirmedEvent(created), baro.getConfirmedEvent('nobody')].map(String),
      }
    }, id)
    assert.deepEqual(seen, {
      steps: [
        ['Confirmed', 'Confirmed'],
        ['Edited', 'Confirmed'],
        [undefined, 'Confirmed'],
      ],
      kept: [true, true],
      waits: [0, 'update', true, false],
      same: true,
      of: ['undefined', 'undefined'],
    })
    await connect(ana)
    await settled(ana)
    assert.equal(await ana.evaluate((given) => baro.getConfirmedEvent(given), id), undefined)
  })

  it('keeps the array of a range that a change does not touch', async (t) => {
    const [, ana] = await openPages(t, 'ana')
    await create(ana, { title: 'Spring', startDate: '2026-04-01T09:00:00Z', endDate: '2026-04-01T10:00:00Z' })
    const same = await ana.evaluate(
      (data) => {
        const spring = () => baro.getEvents({ from: '2026-04-01T00:00:00Z', to: '2026-05-01T00:00:00Z' })
        const before = spring()
        baro.createEvent(data)
        return [before.length, spring() === before, baro.getEvents().length]
      },
      { title: 'Autumn', startDate: '2026-10-01T09:00:00Z', endDate: '2026-10-01T10:00:00Z' },
    )
    assert.deepEqual(same, [1, true, 2])
  })

  it('is told once of a hundred updates in one go', async (t) => {
    const [, ana] = await openPages(t, 'ana')
    const ids = await ana.evaluate(
      async (data) => {
        const writes = Array.from({ length: 100 }, (_, number) => baro.createEvent({ ...data, title: `${number}` }))
        await baro.flush()
        return writes.map(({ id }) => id)
      },
      eventAt(9, ''),
    )
    const told = await ana.evaluate(async (all) => {
      // The frame that told of the creation and of its confirmation is over.
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
      for (let frames = 0; frames < 2; frames++) await frame()
      const changes = []
      let calls = 0
      baro.on('events-change', (change) => changes.push(change))
      const stop = baro.subscribeToEvents(() => (calls += 1))
      for (const id of all) baro.updateEvent(id, { location: 'Room 2' })
      const atOnce = baro.getEvents().every(({ location }) => location === 'Room 2')
      await new Promise((resolve) => {
        const look = () => (changes.length > 0 ? resolve() : setTimeout(look, 1))
        look()
      })
      const first = {
        count: changes.length,
        calls,
        updated: changes[0].updated.length,
        created: changes[0].created.length,
      }
      stop()
      baro.updateEvent(all[0], { location: 'Room 3' })
      await baro.flush()
      return { ...first, atOnce, callsAfterStop: calls - first.calls }
    }, ids)
    // The server's answers may tell of new versions later; the hundred themselves are one notification.
    assert.deepEqual(
      { ...told, callsAfterStop: undefined },
      { count: 1, calls: 1, updated: 100, created: 0, atOnce: true, callsAfterStop: undefined },
    )
    assert.equal(told.callsAfterStop, 0)
  })

  it('is told of a burst of somebody else at most once a frame', async (t) => {
    const [, ana, ben] = await openPages(t, 'ana', 'ben')
    await ben.evaluate(() => {
      globalThis.began = performance.now()
      globalThis.told = []
      baro.on('events-change', ({ created }) => globalThis.told.push([performance.now(), created.length]))
    })
    await ana.evaluate(
      async (data) => {
        for (let number = 0; number < 100; number++) baro.createEvent({ ...data, title: `${number}` })
        await baro.flush()
      },
      eventAt(9, ''),
    )
    await untilIn(ben, () => baro.getEvents().length === 100)
    await untilIn(ben, () => globalThis.told.reduce((sum, [, count]) => sum + count, 0) === 100)
    const [began, told] = await ben.evaluate(() => [globalThis.began, globalThis.told])
    // Not the time between two of them: one that a busy machine holds up comes close before the next.
    const frames = (told.at(-1)[0] - began) / 16
    assert.ok(told.length <= frames + 2, `${told.length} times in ${frames} frames`)
  })

  it('says which argument is no string, and what came', async (t) => {
    const [, ana] = await openPages(t, 'ana')
    const said = await ana.evaluate(async () => {
      const refused = async (name, ...given) => {
        try {
          await baro[name](...given)
        } catch ({ code, message, details }) {
          return [code, message, details.field]
        }
      }
      return Promise.all([
        refused('getEvent'),
        refused('getConfirmedEvent', null),
        refused('updateEvent', 7, { title: 'Seven' }),
        refused('deleteEvent', {}),
        refused('subscribeToProject', undefined),
        refused('send', ['note'], 1),
        refused('sendEditing', 3),
        refused('setCached', 1n, 'data'),
      ])
    })
    const refusal = (field, got) => ['invalid_argument', `${field}: expected a string, got ${got}`, field]
    assert.deepEqual(said, [
      refusal('id', 'undefined'),
      refusal('id', 'null'),
      refusal('id', 'number'),
      refusal('id', 'object'),
      refusal('projectId', 'undefined'),
      refusal('type', 'object'),
      refusal('eventId', 'number'),
      refusal('key', 'bigint'),
    ])
  })
})
