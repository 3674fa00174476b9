// The ways to merge. Each gets an event and two versions of it, and has to come to the one that has both changes.

function program({ ConflictResolver, create, Y }) {
  const count = 1000
  const day = (at) => String((at % 28) + 1).padStart(2, '0')
  const cases = Array.from({ length: count }, (_, at) => {
    const line = (what) => `${what} of item ${at}, to be gone through by everybody before we meet.\n`
    const rest = Array.from({ length: 32 }, (_, point) => line(`Point ${point}`)).join('')
    const attendees = Array.from({ length: 20 }, (_, who) => `person${(at + who) % 40}@example.org`)
    const base = {
      id: `0190f3c2-7e5a-7000-8000-${String(at).padStart(12, '0')}`,
      title: `Review ${at}`,
      description: line('Agenda') + line('Minutes') + rest + line('Budget'),
      location: 'Room 2',
      startDate: `2026-03-${day(at)}T09:00:00.000Z`,
      endDate: `2026-03-${day(at)}T10:00:00.000Z`,
      attendees,
      projectId: 'p',
      calendarId: 'c',
      color: '#1a73e8',
      version: 3,
      updatedAt: '2026-03-01T12:00:00.000Z',
    }
    const ours = {
      startDate: `2026-03-${day(at)}T11:00:00.000Z`,
      endDate: `2026-03-${day(at)}T12:00:00.000Z`,
      description: line('The agenda') + line('Minutes') + rest + line('Budget'),
    }
    const theirs = {
      title: `Review ${at}, final`,
      attendees: [...attendees, 'guest@example.org'],
      description: line('Agenda') + line('Minutes') + rest + line('Budget and costs'),
    }
    const merged = {
      ...base,
      ...ours,
      ...theirs,
      description: line('The agenda') + line('Minutes') + rest + line('Budget and costs'),
    }
    return { base, ours: { ...base, ...ours }, theirs: { ...base, ...theirs }, merged }
  })

  const patcher = create({ textDiff: { minLength: 60 } })
  const texts = ['title', 'description']

  function documentOf(event) {
    const doc = new Y.Doc()
    const map = doc.getMap('event')
    for (const [field, value] of Object.entries(event)) {
      if (texts.includes(field)) map.set(field, new Y.Text(value))
      else map.set(field, Array.isArray(value) ? Y.Array.from(value) : value)
    }
    return Y.encodeStateAsUpdate(doc)
  }
  function opened(state) {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, state)
    return doc
  }
  /** The same edits as a program makes them, which knows what was typed. */
  function editBoth({ ours, theirs }, one, other) {
    one.transact(() => {
      const map = one.getMap('event')
      map.set('startDate', ours.startDate)
      map.set('endDate', ours.endDate)
      map.get('description').delete(0, 1)
      map.get('description').insert(0, 'The a')
    })
    other.transact(() => {
      const map = other.getMap('event')
      map.get('title').insert(map.get('title').length, ', final')
      map.get('attendees').push(['guest@example.org'])
      map.get('description').insert(theirs.description.indexOf(' and costs'), ' and costs')
    })
  }
  function sync(one, other) {
    const [seenByOne, seenByOther] = [Y.encodeStateVector(one), Y.encodeStateVector(other)]
    Y.applyUpdate(one, Y.encodeStateAsUpdate(other, seenByOne))
    Y.applyUpdate(other, Y.encodeStateAsUpdate(one, seenByOther))
    return one.getMap('event').toJSON()
  }

  const resolving = (strategy) => ({
    prepare: () => new ConflictResolver(strategy),
    merge: (resolver, { base, ours, theirs }) => resolver.resolve(ours, theirs, base),
  })
  const ways = {
    'ConflictResolver, merge': resolving('merge'),
    'ConflictResolver, operational_transform': resolving('operational_transform'),
    'jsondiffpatch with its text diffs': {
      prepare: () => patcher,
      merge(_, { base, ours, theirs }) {
        const merged = patcher.patch(patcher.clone(base), patcher.diff(base, ours))
        return patcher.patch(merged, patcher.diff(base, theirs))
      },
    },
    'Yjs, from stored states: open, edit, sync': {
      prepare: () => new Map(cases.map((each) => [each, documentOf(each.base)])),
      merge(stored, each) {
        const [one, other] = [opened(stored.get(each)), opened(stored.get(each))]
        editBoth(each, one, other)
        return sync(one, other)
      },
    },
    'Yjs, open and edited documents: sync alone': {
      prepare() {
        const open = cases.map((each) => {
          const state = documentOf(each.base)
          const sides = [opened(state), opened(state)]
          editBoth(each, ...sides)
          return [each, sides]
        })
        return new Map(open)
      },
      merge: (open, each) => sync(...open.get(each)),
    },
  }

  globalThis.measure = async (name) => {
    const { prepare, merge } = ways[name]
    const prepared = prepare()
    const merged = new Array(count)
    const began = performance.now()
    for (let at = 0; at < count; at++) {
      const result = merge(prepared, cases[at])
      merged[at] = result instanceof Promise ? await result : result
    }
    const taken = performance.now() - began
    for (let at = 0; at < count; at++) {
      const text = (event) => JSON.stringify(Object.entries(event).sort())
      if (text(merged[at]) !== text(cases[at].merged)) throw new Error(`${name} came to ${text(merged[at])}`)
    }
    return taken / count
  }
  globalThis.names = Object.keys(ways)
}

export const inPage = `<!doctype html><title>merge</title><script type="module">
  import init, { ConflictResolver } from '/node_modules/@baro-calendar/realtime/esm/index.js'
  import { create, Y } from '/peers.js'
  await init()
  ;(${program})({ ConflictResolver, create, Y })
</script>`
