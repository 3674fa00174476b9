import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { installPackage, packageIn, repository } from './installed.mjs'

const event = {
  id: 'e',
  title: 'Design review',
  startDate: '2026-03-02T09:00',
  endDate: '2026-03-02T10:00',
  version: 3,
  updatedAt: '2026-03-01T12:00:00.000Z',
}
const saved = { version: 4, updatedAt: '2026-03-01T13:00:00.000Z' }
const toTen = { startDate: '2026-03-02T10:00', endDate: '2026-03-02T11:00' }
const toEleven = { startDate: '2026-03-02T11:00', endDate: '2026-03-02T12:00' }

describe('ConflictResolver', () => {
  let ConflictResolver
  let strategies
  before(async () => {
    const folder = packageIn(installPackage())
    const realtime = await import(pathToFileURL(join(folder, 'esm/index.js')).href)
    ConflictResolver = realtime.ConflictResolver
    strategies = Object.values(realtime.ConflictStrategy)
    const early = new ConflictResolver()
    assert.throws(() => early.detectConflicts(event, event), { name: 'RealtimeError', code: 'not_initialized' })
    await assert.rejects(early.resolve(event, event), { code: 'not_initialized', retryable: true })
    await realtime.init(readFileSync(join(folder, 'baro_realtime_bg.wasm')))
  })

  const resolve = (strategy, ...versions) => new ConflictResolver(strategy).resolve(...versions)

  it('comes to what the scenarios of the core say', async () => {
    const golden = JSON.parse(readFileSync(join(repository, 'tests/golden/merge.json'), 'utf8'))
    const changed = (from, changes) =>
      Object.fromEntries(Object.entries({ ...from, ...changes }).filter(([, value]) => value !== null))
    let compared = 0
    for (const { number, cases } of golden.scenarios) {
      for (const { what, strategy, base, ours, theirs, merged } of cases) {
        // Deletions are no versions of an event; who came first is told by `updatedAt` here, and there by the order.
        if (ours === null || theirs === null || !['merge', 'operational_transform'].includes(strategy)) continue
        const before = base === null ? {} : changed(golden.event, base)
        const versions = [changed(before, ours), changed(before, theirs)]
        const newest = versions
          .map(({ updatedAt }) => updatedAt)
          .sort()
          .at(-1)
        const expected = { ...changed(before, merged), ...(newest === undefined ? {} : { updatedAt: newest }) }
        const got = await resolve(strategy, ...versions, base === null ? undefined : before)
        assert.deepEqual(got, expected, `${number}, ${what}`)
        compared++
      }
    }
    assert.ok(compared > 40, `${compared} were compared`)
  })

  it('takes the later or the earlier one as it is when there is no base', async () => {
    const local = { ...event, title: 'Ours', unknown: { x: [1] } }
    const remote = { ...event, ...saved, title: 'Theirs' }
    assert.deepEqual(await resolve(undefined, local, remote), remote)
    assert.deepEqual(await resolve('last_write_wins', remote, local), remote)
    assert.deepEqual(await resolve('first_write_wins', local, remote), local)
    assert.deepEqual(await resolve('first_write_wins', remote, local), local)
  })

  it('keeps what only one changed, and the higher version and the later time', async () => {
    const local = { ...event, ...toTen, unknown: { x: [1] } }
    const remote = { ...event, ...saved, title: 'Design review, round two' }
    for (const strategy of strategies) {
      const merged = await resolve(strategy, local, remote, event)
      assert.deepEqual(merged, { ...remote, ...toTen, unknown: { x: [1] } }, strategy)
    }
    assert.deepEqual(local, { ...event, ...toTen, unknown: { x: [1] } })
  })

  it('keeps texts of any length and script to the letter', async () => {
    for (const letters of ['a', 'é', '한', '😀', 'a😀', '한\n"\\']) {
      for (let length = 0; length < 70; length++) {
        const local = { ...event, title: 'a'.repeat(length), description: letters.repeat(length), location: letters }
        assert.deepEqual(await resolve('merge', local, event, event), local)
      }
    }
  })

  it('names the fields that both changed', () => {
    const resolver = new ConflictResolver('merge')
    const remote = { ...event, ...saved, ...toEleven, title: 'Other' }
    assert.deepEqual(resolver.detectConflicts({ ...event, ...toTen }, remote, event), ['endDate', 'startDate'])
    assert.deepEqual(resolver.detectConflicts(event, remote), ['endDate', 'startDate', 'title'])
    assert.deepEqual(resolver.detectConflicts(event, { ...event, ...saved }), [])
  })

  it('refuses what is no strategy and no event, saying what it takes', async () => {
    assert.throws(() => new ConflictResolver('theirs'), {
      name: 'RealtimeError',
      code: 'invalid_argument',
      message: /^strategy: expected one of last_write_wins, .*, got theirs$/,
    })
    for (const nothing of [undefined, 7, 'event', [event]]) {
      await assert.rejects(resolve('merge', event, nothing), { code: 'invalid_argument', message: /remote/ })
    }
    const loop = {}
    loop.loop = loop
    await assert.rejects(resolve('merge', loop, event), { code: 'invalid_argument', message: /local/ })
  })

  describe('manual', () => {
    const local = { ...event, ...toTen }
    const remote = { ...event, ...saved, ...toEleven }
    const chosen = { ...remote, title: 'Chosen' }

    /** A page, as far as dialogs are concerned. */
    function page(listener) {
      globalThis.window = new EventTarget()
      globalThis.window.addEventListener('show-conflict-dialog', listener)
    }
    afterEach(() => delete globalThis.window)

    it('asks, and comes to what the listener answers, whenever it does', async () => {
      let asked
      let answer
      page(({ detail }) => {
        asked = { local: detail.local, remote: detail.remote, base: detail.base, fields: detail.fields }
        answer = detail.onResolve
      })
      const resolved = resolve('manual', local, remote, event)
      await new Promise((later) => setTimeout(later, 5))
      assert.deepEqual(asked, { local, remote, base: event, fields: ['endDate', 'startDate'] })
      answer(chosen)
      assert.equal(await resolved, chosen)
    })

    it('leaves the remote version where nobody answers', async () => {
      assert.equal(await resolve('manual', local, remote, event), remote)
      page(({ detail }) => assert.equal(detail.local, local))
      assert.equal(await resolve('manual', local, remote, event), remote)
    })

    it('asks nobody when there is nothing to decide', async () => {
      page(() => assert.fail('asked'))
      const renamed = { ...event, title: 'Design review, round two' }
      assert.deepEqual(await resolve('manual', renamed, remote, event), { ...remote, title: renamed.title })
    })
  })
})
