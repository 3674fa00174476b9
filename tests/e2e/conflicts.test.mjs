import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openGate } from './support/gate.mjs'
import { connect, connected, eventAt, openBare, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'

const edits = {
  ana: { title: 'Team plan for early spring', location: 'Room A', capacity: 7 },
  ben: { title: 'Weekly team plan for spring', location: 'Room B' },
}
const bothTitles = 'Weekly team plan for early spring'

const heardOf = (page, type) =>
  page.evaluate((wanted) => heard.filter(([type]) => type === wanted).map(([, ...given]) => given), type)

const shown = (page) => page.evaluate(() => baro.getEvent('e'))

/** Edits the event, and keeps how that ended as `ended`. */
const edit = (page, changes) =>
  page.evaluate((given) => {
    const { persisted, confirmed } = baro.updateEvent('e', given)
    globalThis.ended = undefined
    confirmed.then(
      (event) => (globalThis.ended = { event }),
      ({ code }) => (globalThis.ended = { code }),
    )
    return persisted
  }, changes)

describe('two who edit one event offline and come back', () => {
  const room = openRoom({ site: serveBare })

  const configOf = (user, gate, strategy) => ({
    url: gate.socket,
    projectId: 'plan',
    user: { id: user },
    reconnect: { delay: 50, maxDelay: 200, maxAttempts: Infinity },
    conflict: { strategy },
  })

  async function open(t, server, user, strategy) {
    const gate = await openGate(t, server)
    const context = await room.context(t)
    const config = configOf(user, gate, strategy)
    const page = await openBare(context, room.site, config)
    await connect(page)
    await shows(page, ['Team plan for spring'])
    return { user, gate, context, page, config }
  }

  /** Both have edited offline, Ana first, and nobody has come back. */
  async function openBoth(t, strategy) {
    const server = await startServer(t)
    const event = eventAt(9, 'Team plan for spring', { id: 'e', projectId: 'plan', location: 'Room 1' })
    await server.rest('POST', '', event)
    const ana = await open(t, server, 'ana', strategy)
    const ben = await open(t, server, 'ben', strategy)
    for (const { user, gate, page } of [ana, ben]) {
      gate.shut()
      await untilIn(page, () => !baro.isConnected())
      await edit(page, edits[user])
    }
    return { server, ana, ben }
  }

  async function comeBack({ gate, page }) {
    gate.open()
    await connected(page)
    await settled(page)
    await untilIn(page, () => globalThis.ended !== undefined || baro.getConflicts().length > 0)
  }

  /** Everybody shows what the server has, to the byte. */
  async function agree(server, ...pages) {
    const [stored] = await server.events('plan')
    for (const { page } of pages) {
      await untilIn(page, (version) => baro.getEvent('e')?.version === version, stored.version)
      assert.deepEqual(await shown(page), stored)
      assert.equal(await page.evaluate(() => JSON.stringify(baro.getEvent('e'))), JSON.stringify(stored))
    }
    return stored
  }

  for (const order of [
    ['ana', 'ben'],
    ['ben', 'ana'],
  ]) {
    const [first, second] = order
    const after = `when ${first} is first`

    /** Both have come back, in the order of this round. */
    async function bothBack(t, strategy) {
      const { server, ...people } = await openBoth(t, strategy)
      for (const user of order) await comeBack(people[user])
      return { server, early: people[first], late: people[second] }
    }

    it(`agree under last_write_wins on the later write, ${after}`, async (t) => {
      const { server, early, late } = await bothBack(t, 'last_write_wins')
      const { title, location, capacity } = await agree(server, early, late)
      assert.deepEqual({ title, location, capacity }, { ...edits[second], capacity: 7 })
      assert.deepEqual(await heardOf(late.page, 'conflict:detected'), [])
    })

    it(`agree under first_write_wins on the first write, and the other is told, ${after}`, async (t) => {
      const { server, early, late } = await bothBack(t, 'first_write_wins')
      const stored = await agree(server, early, late)
      assert.equal(stored.title, edits[first].title)
      assert.deepEqual(await late.page.evaluate(() => globalThis.ended), { code: 'conflict' })
      const [[conflict]] = await heardOf(late.page, 'conflict:detected')
      assert.deepEqual(conflict.fields, ['location', 'title'])
      assert.equal(conflict.localVersion.title, edits[second].title)
      assert.equal(conflict.baseVersion.title, 'Team plan for spring')
      const [[, resolved]] = await heardOf(late.page, 'conflict:resolved')
      assert.deepEqual(resolved, stored)
      assert.deepEqual(await late.page.evaluate(() => [baro.getFailedActions(), baro.getConflicts()]), [[], []])
    })

    for (const strategy of ['merge', 'operational_transform']) {
      it(`agree under ${strategy} on both edits, and what gave way is told, ${after}`, async (t) => {
        const { server, early, late } = await bothBack(t, strategy)
        const { title, location, capacity } = await agree(server, early, late)
        assert.deepEqual([title, location, capacity], [bothTitles, edits[first].location, 7])
        const [[conflict, resolved]] = await heardOf(late.page, 'conflict:resolved')
        assert.deepEqual(conflict.dropped, [
          { field: 'location', value: edits[second].location, side: 'ours', reason: 'server_order' },
        ])
        assert.deepEqual([conflict.fields, resolved.title], [['location'], bothTitles])
        assert.deepEqual(await heardOf(early.page, 'conflict:detected'), [])
      })
    }

    it(`agree under crdt on the values that were written last, ${after}`, async (t) => {
      const { server, early, late } = await bothBack(t, 'crdt')
      const { title, location, capacity } = await agree(server, early, late)
      assert.deepEqual([title, location, capacity], [edits.ben.title, edits.ben.location, 7])
    })

    it(`agree under manual on what somebody decides, after a reload too, ${after}`, async (t) => {
      const { server, early, late } = await bothBack(t, 'manual')
      const [conflict] = await late.page.evaluate(() => baro.getConflicts())
      assert.deepEqual([conflict.fields, conflict.strategy], [['location', 'title'], 'manual'])
      assert.equal((await shown(late.page)).title, edits[second].title)
      assert.equal(await late.page.evaluate(() => baro.hasPendingWrite('e')), true)
      assert.equal((await server.events('plan'))[0].title, edits[first].title)
      assert.equal(await late.page.evaluate(() => baro.getConflicts() === baro.getConflicts()), true)
      // A further edit of the one, while the other goes on.
      await late.page.evaluate(() => baro.updateEvent('e', { description: 'With minutes' }).persisted)
      await edit(early.page, { location: 'Room C' })
      await settled(early.page)
      await untilIn(late.page, () => baro.getConflicts()[0]?.remoteVersion.location === 'Room C')

      late.gate.shut()
      await late.page.reload()
      await untilIn(late.page, () => globalThis.ready)
      await late.page.evaluate((config) => void makeCalendar(config), late.config)
      await untilIn(late.page, () => baro.getConflicts().length === 1)
      const [kept] = await late.page.evaluate(() => baro.getConflicts())
      assert.equal(kept.id, conflict.id)
      assert.deepEqual(
        [kept.localVersion.title, kept.localVersion.description, kept.remoteVersion.location],
        [edits[second].title, 'With minutes', 'Room C'],
      )
      assert.deepEqual(await heardOf(late.page, 'conflict:detected'), [[kept]])
      late.gate.open()
      await connect(late.page)
      await untilIn(late.page, () => baro.getConflicts()[0]?.remoteVersion.version === 3)
      const decided = await late.page.evaluate(async () => {
        const [{ id, localVersion, remoteVersion }] = baro.getConflicts()
        const agreed = { ...localVersion, location: remoteVersion.location }
        return baro.resolveConflict(id, agreed).confirmed
      })
      const stored = await agree(server, early, late)
      assert.deepEqual(decided, stored)
      assert.deepEqual(
        [stored.title, stored.location, stored.description],
        [edits[second].title, 'Room C', 'With minutes'],
      )
      assert.deepEqual(await late.page.evaluate(() => baro.getConflicts()), [])
    })
  }

  it('are decided by onConflict, and wait for somebody if it throws', async (t) => {
    const { server, ana, ben } = await openBoth(t, 'manual')
    await comeBack(ana)
    await ben.page.reload()
    await untilIn(ben.page, () => globalThis.ready)
    await ben.page.evaluate((config) => {
      globalThis.asked = []
      config.conflict.onConflict = async (conflict) => {
        globalThis.asked.push(conflict)
        if (globalThis.asked.length === 1) throw new Error('not now')
        return { ...conflict.localVersion, title: 'Decided' }
      }
      makeCalendar(config)
    }, ben.config)
    ben.gate.open()
    await connect(ben.page)
    await untilIn(ben.page, () => globalThis.asked.length === 1 && heard.some(([type]) => type === 'error'))
    assert.equal(await ben.page.evaluate(() => baro.getConflicts().length), 1)
    const code = await ben.page.evaluate(() => heard.find(([type]) => type === 'error')[1].code)
    assert.equal(code, 'listener_error')
    // It is asked again when the other side changes.
    await edit(ana.page, { location: 'Room C' })
    await settled(ana.page)
    await untilIn(ben.page, () => heard.some(([type]) => type === 'conflict:resolved'))
    await settled(ben.page)
    const stored = await agree(server, ana, ben)
    assert.deepEqual([stored.title, stored.location], ['Decided', 'Room B'])
  })

  it('are shown in a dialog of the page, of which a stale answer does not count', async (t) => {
    const { server, ana, ben } = await openBoth(t, 'manual')
    await ben.page.evaluate(() => {
      globalThis.dialogs = []
      addEventListener('show-conflict-dialog', ({ detail }) => globalThis.dialogs.push(detail))
    })
    await comeBack(ana)
    await comeBack(ben)
    await untilIn(ben.page, () => globalThis.dialogs.length === 1)
    await edit(ana.page, { location: 'Room C' })
    await settled(ana.page)
    await untilIn(ben.page, () => globalThis.dialogs.length === 2)
    const [stale, newest] = await ben.page.evaluate(() => {
      const [first, second] = globalThis.dialogs
      first.onResolve(first.local)
      const before = baro.getConflicts().length
      second.onResolve({ ...second.remote, title: second.local.title })
      return [before, baro.getConflicts().length]
    })
    assert.deepEqual([stale, newest], [1, 0])
    await settled(ben.page)
    const stored = await agree(server, ana, ben)
    assert.deepEqual([stored.title, stored.location], [edits.ben.title, 'Room C'])
  })
})
