import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { connect, eventAt, settled, untilIn } from '../e2e/support/page.mjs'
import { openRoom } from '../e2e/support/room.mjs'
import { startServer } from '../e2e/support/server.mjs'
import { tokenFor } from '../e2e/support/token.mjs'
import { servePage } from './support/bundle.mjs'
import { openPage } from './support/page.mjs'

const kept = { lists: [{ field: 'events', keep: [{}] }] }
const [one, two, three] = [eventAt(8, 'One'), eventAt(9, 'Two'), eventAt(10, 'Three')]

describe("Apollo's cache", () => {
  const room = openRoom({ site: () => servePage('apollo', ['@apollo/client', 'graphql', 'rxjs']) })
  const configOf = (server, more = {}) => ({ url: server.socket, projectId: 'mine', user: { id: 'ana' }, ...more })

  const opened = []
  // Before what the test has opened is closed, in that order: a page that sees its server end says so.
  afterEach(() =>
    assert.deepEqual(
      opened.splice(0).flatMap(({ said }) => said),
      [],
    ),
  )

  async function open(t, { server, config } = {}) {
    server ??= await startServer(t)
    const page = await openPage(await room.context(t), room.site, configOf(server, config))
    opened.push(page)
    return { server, page }
  }

  /** Makes a client, binds its cache and watches all events. */
  const bind = (page, options = kept) =>
    page.evaluate((given) => {
      makeClient()
      globalThis.unbind = bindApolloCache(baro, cache, given)
      globalThis.seen = watch('all')
      globalThis.roots = watch('all', undefined, false)
    }, options)

  const shows = (page, titles) =>
    untilIn(page, (wanted) => globalThis.titles(seen.at(-1)).join() === wanted.join(), titles)

  it('has a new event in a layer until it is confirmed, then in itself, and a watcher sees it come once', async (t) => {
    const { page } = await open(t)
    await bind(page)
    const waiting = await page.evaluate(async (event) => {
      const { id } = baro.createEvent(event)
      await told()
      const name = `CalendarEvent:${id}`
      return [cache.extract()[name]?.title, cache.extract(true)[name]?.title, titles(seen.at(-1)), titles(roots.at(-1))]
    }, one)
    assert.deepEqual(waiting, [undefined, 'One', ['One'], []])
    await connect(page)
    await settled(page)
    await untilIn(page, () => roots.at(-1).length === 1)
    const result = await page.evaluate(() => ({
      steps: seen.map((events) => events.map(({ title, version }) => `${title} ${version}`).join()),
      roots: roots.map((events) => titles(events)),
      same: JSON.stringify(cache.extract()) === JSON.stringify(cache.extract(true)),
      stored: Object.keys(cache.extract()).filter((key) => key !== '__META').length,
    }))
    assert.deepEqual(result, { steps: ['', 'One 0', 'One 1'], roots: [[], ['One']], same: true, stored: 2 })
  })

  it('shows every step of edits, decisions and edits by others, and never one again that was over', async (t) => {
    const { server, page } = await open(t)
    await bind(page)
    await connect(page)
    const ids = await page.evaluate(
      (events) => Promise.all(events.map((event) => baro.createEvent(event).confirmed.then(({ id }) => id))),
      [one, two, three],
    )
    await shows(page, ['One', 'Two', 'Three'])
    await page.evaluate(async ([first, second]) => {
      seen.length = 0
      for (let step = 1; step <= 5; step++) {
        baro.updateEvent(first, { title: `Step ${step}` })
        baro.updateEvent(second, { location: `Room ${step}` })
        await told()
      }
    }, ids)
    await server.rest('PUT', `/${ids[2]}`, { title: 'Theirs' })
    await settled(page)
    await shows(page, ['Step 5', 'Two', 'Theirs'])
    await untilIn(page, () => JSON.stringify(cache.extract()) === JSON.stringify(cache.extract(true)))
    const steps = await page.evaluate(() =>
      seen.map(([first, second, third]) => [first.title, second.location, third.title]),
    )
    for (const column of [0, 1, 2]) {
      const values = steps.map((step) => step[column]).filter((value, at, all) => value !== all[at - 1])
      assert.equal(new Set(values).size, values.length, `${values} has one twice`)
    }
    assert.deepEqual(await page.evaluate(() => seen.every((events) => events.length === 3)), true)
  })

  it('keeps a layer for each write that waits, and decides each by itself', async (t) => {
    const server = await startServer(t, { jwt: true, origin: room.site.address })
    const config = { auth: { token: tokenFor('ana', { projects: ['mine'] }) }, batch: { size: 1 } }
    const { page } = await open(t, { server, config })
    await bind(page)
    const layers = await page.evaluate(
      async (events) => {
        const count = () => {
          let layers = 0
          for (let at = cache.optimisticData; at.parent !== cache.data; at = at.parent) layers++
          return layers
        }
        globalThis.layers = count
        for (const event of events) baro.createEvent(event)
        await told()
        return count()
      },
      [one, { ...two, projectId: 'theirs' }, three],
    )
    assert.equal(layers, 3)
    await connect(page)
    // The refused one goes, the others stay through it.
    await untilIn(page, () => layers() === 0 && baro.getFailedActions().length === 1)
    const result = await page.evaluate(() => seen.map((events) => titles(events)))
    // Three layers, and one that tells of them.
    assert.deepEqual(result[1], ['One', 'Two', 'Three'])
    assert.deepEqual(result.at(-1), ['One', 'Three'])
    assert.ok(
      result.slice(1).every((names) => names.includes('One') && names.includes('Three')),
      JSON.stringify(result),
    )
  })

  it('lets a layer hide no event that somebody else makes meanwhile', async (t) => {
    const { server, page } = await open(t)
    const far = await openPage(await room.context(t), room.site, configOf(server, { user: { id: 'ben' } }))
    await connect(far)
    // A write that the server is never told of, as its answer never comes: the function does not end.
    await page.evaluate(async (given) => {
      await baro.destroy()
      const sync = () => new Promise((resolve) => (globalThis.answer = resolve))
      makeCalendar({ ...given, offline: { sync } })
    }, configOf(server))
    await bind(page)
    await connect(page)
    await page.evaluate((event) => void baro.createEvent(event), two)
    await shows(page, ['Two'])
    await far.evaluate((events) => Promise.all(events.map((event) => baro.createEvent(event).confirmed)), [three, one])
    await shows(page, ['One', 'Two', 'Three'])
    assert.deepEqual(await page.evaluate(() => titles(roots.at(-1))), ['One', 'Three'])

    // Of an event that waits itself, what others change shows through what this user changed.
    const id = await page.evaluate(() => {
      const { id: last } = seen.at(-1)[2]
      baro.updateEvent(last, { title: 'Third' })
      return last
    })
    await shows(page, ['One', 'Two', 'Third'])
    await far.evaluate((last) => baro.updateEvent(last, { location: 'Room' }).confirmed, id)
    await untilIn(page, () => seen.at(-1)[2].location === 'Room' && roots.at(-1)[1].location === 'Room')
    const both = await page.evaluate(() => [seen.at(-1)[2].title, roots.at(-1)[1].title])
    assert.deepEqual(both, ['Third', 'Three'])
  })

  it('lists an event where the arguments of a list ask for it, and moves it when it moves', async (t) => {
    const { page } = await open(t)
    const day = (n) => `2026-03-0${n}T00:00:00Z`
    const at = (n, title, more) => ({
      title,
      startDate: `2026-03-0${n}T09:00:00Z`,
      endDate: `2026-03-0${n}T10:00:00Z`,
      ...more,
    })
    const after = await page.evaluate(
      async ([ranges, events]) => {
        makeClient()
        const keep = ranges.map(([from, to]) => ({ projectId: 'mine', from, to }))
        globalThis.unbind = bindApolloCache(baro, cache, {
          lists: [{ field: 'events', keep: [...keep, { search: 'x' }] }],
        })
        const days = keep.map((variables) => watch('ofProject', variables))
        const [first] = events.map((event) => baro.createEvent(event))
        await told()
        const before = days.map((seen) => titles(seen.at(-1)))
        baro.updateEvent(first.id, { startDate: '2026-03-02T11:00:00Z', endDate: '2026-03-02T12:00:00Z' })
        await told()
        const moved = days.map((seen) => titles(seen.at(-1)))
        baro.deleteEvent(first.id)
        await told()
        return {
          before,
          moved,
          deleted: days.map((seen) => titles(seen.at(-1))),
          foreign: cache.extract(true).ROOT_QUERY,
        }
      },
      [
        [
          [day(1), day(2)],
          [day(2), day(3)],
        ],
        [at(1, 'Mover'), at(2, 'Stays'), at(2, 'Other', { projectId: 'theirs' })],
      ],
    )
    assert.deepEqual(after.before, [['Mover'], ['Stays']])
    assert.deepEqual(after.moved, [[], ['Stays', 'Mover']])
    assert.deepEqual(after.deleted, [[], ['Stays']])
    assert.deepEqual(after.foreign['events({"search":"x"})'], [])
  })

  it('answers a query of a kept list without a server, and updates what a server answered', async (t) => {
    const { server, page } = await open(t)
    await server.rest('POST', '', { ...one, projectId: 'mine' })
    await connect(page)
    await untilIn(page, () => baro.getEvents().length === 1)
    const result = await page.evaluate(async (event) => {
      const [held] = baro.getEvents()
      const own = { __typename: 'CalendarEvent', location: null }
      const foreign = { ...own, ...held, id: 'foreign', title: 'Foreign', startDate: '2020-01-01T00:00:00Z' }
      makeClient({ OfProject: { events: [foreign, { ...own, ...held }] } })
      globalThis.unbind = bindApolloCache(baro, cache, { lists: [{ field: 'events', keep: [{}] }] })
      const all = await client.query({ query: queries.all })
      const before = [...asked]
      const results = []
      const query = { query: queries.ofProject, variables: { projectId: 'mine' } }
      client.watchQuery(query).subscribe(({ data }) => results.push(titles(data?.events)))
      while (results.at(-1) === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
      baro.updateEvent(held.id, { title: 'Renamed' })
      baro.createEvent(event)
      await told()
      while (results.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
      return { all: titles(all.data.events), before, asked: asked.length, results }
    }, two)
    assert.deepEqual(result.all, ['One'])
    assert.deepEqual([result.before, result.asked], [[], 1])
    assert.deepEqual(result.results.filter(Boolean).at(0), ['Foreign', 'One'])
    assert.deepEqual(result.results.at(-1), ['Foreign', 'Renamed', 'Two'])
  })

  it('has nothing left of a deleted event once that is confirmed, and everything until then', async (t) => {
    const { page } = await open(t)
    await bind(page)
    await connect(page)
    const [id] = await page.evaluate(
      (events) => Promise.all(events.map((event) => baro.createEvent(event).confirmed.then((made) => made.id))),
      [one, two],
    )
    await settled(page)
    await untilIn(page, () => roots.at(-1).length === 2)
    await page.evaluate(() => baro.disconnect())
    const before = await page.evaluate(async (first) => {
      baro.deleteEvent(first)
      await told()
      const fragment = { id: `CalendarEvent:${first}`, fragment: fields }
      return [
        titles(seen.at(-1)),
        titles(roots.at(-1)),
        cache.readFragment(fragment, true),
        cache.readFragment(fragment)?.title,
      ]
    }, id)
    assert.deepEqual(before, [['Two'], ['One', 'Two'], null, 'One'])
    // Nor does a cache that is bound only now show it.
    const late = await page.evaluate(() => {
      const bound = { cache, client, unbind, seen, roots }
      makeClient()
      const end = bindApolloCache(baro, cache, { lists: [{ field: 'events', keep: [{}] }] })
      const shown = [titles(watch('all').at(-1)), titles(watch('all', undefined, false).at(-1))]
      end()
      shown.push(titles(watch('all').at(-1)))
      Object.assign(globalThis, bound)
      return shown
    })
    assert.deepEqual(late, [['Two'], ['One', 'Two'], ['One', 'Two']])
    await connect(page)
    await settled(page)
    await untilIn(page, () => roots.at(-1).length === 1)
    const after = await page.evaluate(() => JSON.stringify([cache.extract(), cache.extract(true)]))
    assert.ok(!after.includes(id), after)
  })

  it('gives the text of a field that is removed as null, and of one that was never there too', async (t) => {
    const { page } = await open(t)
    await bind(page)
    const values = await page.evaluate(async (event) => {
      const { id } = baro.createEvent({ ...event, location: 'Room', mood: 'good' })
      await told()
      baro.updateEvent(id, { location: null, mood: null })
      await told()
      const fragment = gql`
        fragment Both on CalendarEvent {
          location
          mood
          attendees
        }
      `
      return [seen.map(([shown]) => shown?.location), cache.readFragment({ id: `CalendarEvent:${id}`, fragment }, true)]
    }, one)
    assert.deepEqual(values[0].slice(1), ['Room', null])
    assert.deepEqual(
      { ...values[1], __typename: undefined },
      { location: null, mood: null, attendees: null, __typename: undefined },
    )
  })

  it('takes another type, other fields and other keys as the schema has them', async (t) => {
    const { page } = await open(t)
    const stored = await page.evaluate(async (event) => {
      makeClient(
        {},
        {
          typePolicies: {
            Appointment: { keyFields: ['uuid'] },
            Query: { fields: { agenda: { keyArgs: ['project'] } } },
          },
        },
      )
      globalThis.unbind = bindApolloCache(baro, cache, {
        typename: 'Appointment',
        toEntity: ({ id, title, startDate, attendees = [] }) => ({
          uuid: id,
          name: title,
          startDate,
          guests: attendees.map((email) => ({ __typename: 'Guest', id: email, email })),
        }),
        lists: [{ field: 'agenda', query: ({ project }) => ({ projectId: project }), keep: [{ project: 'mine' }] }],
      })
      const { id } = baro.createEvent({ ...event, attendees: ['ben@example.org'] })
      await told()
      const query = gql`
        query Agenda($project: ID) {
          agenda(project: $project) {
            uuid
            name
            guests {
              email
            }
          }
        }
      `
      const { agenda } = cache.readQuery({ query, variables: { project: 'mine' } }, true)
      return [
        agenda[0].uuid === id,
        agenda[0].name,
        agenda[0].guests[0].email,
        Object.keys(cache.extract(true)).map((key) => key.split(':')[0]),
      ]
    }, one)
    assert.deepEqual(stored.slice(0, 3), [true, 'One', 'ben@example.org'])
    assert.deepEqual(stored[3].sort(), ['Appointment', 'Guest', 'ROOT_QUERY', '__META'])
    const kinds = () => Object.keys(cache.extract()).map((key) => key.split(':')[0])
    await connect(page)
    await settled(page)
    await untilIn(
      page,
      () => 'Guest:{"id":"ben@example.org"}' in cache.extract() || 'Guest:ben@example.org' in cache.extract(),
    )
    await page.evaluate(() => baro.deleteEvent(baro.getEvents()[0].id).confirmed)
    await untilIn(page, () => Object.keys(cache.extract()).length === 1)
    assert.deepEqual(await page.evaluate(kinds), ['ROOT_QUERY'])
  })

  it('takes what an event says of itself for data, not for the type or the id of anything', async (t) => {
    const { page } = await open(t)
    const stored = await page.evaluate(async (event) => {
      const user = gql`
        fragment Named on User {
          name
        }
      `
      const found = []
      for (const toEntity of [undefined, (given) => given]) {
        makeClient()
        cache.writeFragment({ id: 'User:1', fragment: user, data: { __typename: 'User', name: 'Ben' } })
        const end = bindApolloCache(baro, cache, toEntity && { toEntity })
        const owner = { __typename: 'User', id: '1', name: 'Mallory' }
        const hostile = JSON.parse('{"__proto__": {"polluted": true}, "x y": 1}')
        const { id } = baro.createEvent({ ...event, ...hostile, __typename: 'User', owner, guests: [owner] })
        await told()
        const entity = cache.extract(true)[`CalendarEvent:${id}`]
        const ben = cache.readFragment({ id: 'User:1', fragment: user }, true).name
        found.push([ben, entity.__typename, entity.owner.name, 'x y' in entity, entity.polluted, {}.polluted])
        end()
      }
      return found
    }, one)
    const expected = ['Ben', 'CalendarEvent', 'Mallory', false, undefined, undefined]
    assert.deepEqual(stored, [expected, expected])
  })

  it('has an event once only, where what moves is part of its key', async (t) => {
    const { page } = await open(t)
    await connect(page)
    await page.evaluate((event) => baro.createEvent(event).confirmed, one)
    await page.evaluate(() => {
      makeClient({}, { typePolicies: { CalendarEvent: { keyFields: ['calendarId', 'id'] } } })
      globalThis.unbind = bindApolloCache(baro, cache, { lists: [{ field: 'events', keep: [{}] }] })
      globalThis.seen = watch('all')
      baro.disconnect()
      baro.updateEvent(baro.getEvents()[0].id, { calendarId: 'work', title: 'Moved' })
    })
    await shows(page, ['Moved'])
    const keys = (optimistic) =>
      page.evaluate(
        (given) =>
          Object.entries(cache.extract(given))
            .filter(([, entity]) => entity?.title)
            .map(([key, { title }]) => [key.includes('work'), title]),
        optimistic,
      )
    assert.deepEqual([await keys(false), await keys(true)], [[[false, 'One']], [[true, 'Moved']]])
    await connect(page)
    await settled(page)
    await untilIn(page, () => JSON.stringify(cache.extract()) === JSON.stringify(cache.extract(true)))
    assert.deepEqual(await keys(false), [[true, 'Moved']])
    assert.deepEqual(await page.evaluate(() => seen.map((events) => titles(events).join())), ['One', 'Moved', 'Moved'])
  })

  it('is left without a layer, with what is confirmed, by whoever unbinds in the middle of a notification', async (t) => {
    const { page } = await open(t)
    await bind(page)
    await connect(page)
    await page.evaluate((event) => baro.createEvent(event).confirmed, one)
    await untilIn(page, () => roots.at(-1).length === 1)
    const result = await page.evaluate(async (event) => {
      const other = bindApolloCache(baro, cache)
      const query = cache.transformDocument(queries.all)
      cache.watch({
        query,
        optimistic: true,
        immediate: false,
        callback: ({ result }) => result.events.length === 2 && unbind(),
      })
      baro.disconnect()
      baro.createEvent(event)
      baro.updateEvent(baro.getEvents()[0].id, { title: 'Changed' })
      await told()
      const during = titles(seen.at(-1))
      other()
      other()
      unbind()
      return [during, titles(seen.at(-1)), JSON.stringify(cache.extract()) === JSON.stringify(cache.extract(true))]
    }, two)
    assert.deepEqual(result, [['Changed', 'Two'], ['One'], true])
  })

  it('is filled again after it was emptied, and left alone by a calendar that ended', async (t) => {
    const { page } = await open(t)
    await bind(page)
    await connect(page)
    await page.evaluate((event) => baro.createEvent(event).confirmed, one)
    await untilIn(page, () => roots.at(-1).length === 1)
    await page.evaluate(async () => {
      await client.clearStore()
      globalThis.empty = Object.keys(cache.extract()).length
      globalThis.seen = watch('all')
    })
    await page.evaluate((event) => void baro.createEvent(event), two)
    await shows(page, ['One', 'Two'])
    const left = await page.evaluate(async () => {
      await baro.destroy()
      unbind()
      return [empty, titles(Object.values(cache.extract()).filter(({ title }) => title))]
    })
    assert.deepEqual([left[0], left[1].includes('One')], [0, true])
  })

  it('takes hundreds of writes that wait with a bounded number of layers, and ends right', async (t) => {
    const { server, page } = await open(t)
    await bind(page)
    const before = await page.evaluate(async (event) => {
      for (let n = 0; n < 300; n++) baro.createEvent({ ...event, title: `Event ${n}` })
      await told()
      let layers = 0
      for (let at = cache.optimisticData; at.parent !== cache.data; at = at.parent) layers++
      return [layers, seen.at(-1).length]
    }, one)
    assert.deepEqual(before, [64, 300])
    await connect(page)
    await settled(page)
    await untilIn(page, () => roots.at(-1).length === 300 && roots.at(-1).every(({ version }) => version === 1))
    assert.equal((await server.events('mine')).length, 300)
    assert.equal(await page.evaluate(() => cache.optimisticData.parent === cache.data), true)
  })

  it('says which argument is wrong', async (t) => {
    const { page } = await open(t)
    const texts = await page.evaluate(() =>
      [
        () => bindApolloCache(baro, {}),
        () => bindApolloCache(baro, makeClient().cache, { lists: [{ field: '' }] }),
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
      /^invalid_argument: cache\.identify: expected the function of an Apollo cache, got undefined/,
    )
    assert.match(texts[1], /^invalid_argument: options\.lists\[0\]\.field: expected the name of a field of Query/)
  })
})
