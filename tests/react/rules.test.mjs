import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { installPackage, packageIn } from '../packaging/installed.mjs'

describe('what the React part goes by', () => {
  let folder
  before(() => {
    folder = packageIn(installPackage())
  })
  const load = (name) => import(pathToFileURL(join(folder, `esm/react/${name}.js`)).href)

  const tokenOf = (sub, exp) => `e30.${Buffer.from(JSON.stringify({ sub, exp })).toString('base64url')}.c2ln`

  it('a configuration is another one when it says something else, whatever objects it is made of', async () => {
    const { keyOf } = await load('configuration')
    const config = { url: '/ws', user: { id: 'ana', name: 'Ana' }, reconnect: { maxAttempts: Infinity } }
    const same = {
      reconnect: { maxAttempts: Infinity },
      user: { name: 'Ana', id: 'ana', color: undefined },
      url: '/ws',
    }
    assert.equal(keyOf(same), keyOf(config))
    for (const other of [
      { ...config, projectId: 'p' },
      { ...config, user: { id: 'ben', name: 'Ana' } },
      { ...config, reconnect: { maxAttempts: NaN } },
      { ...config, offline: { sync: async () => {} } },
      { ...config, transports: ['polling'] },
    ]) {
      assert.notEqual(keyOf(other), keyOf(config))
    }
    assert.equal(keyOf({ url: '/', offline: { sync: () => 1 } }), keyOf({ url: '/', offline: { sync: () => 2 } }))
  })

  it('a new token of the same user is no other configuration where tokens are asked for, one of another user is', async () => {
    const { keyOf } = await load('configuration')
    const refreshToken = async () => 'token'
    const withToken = (token, more = { refreshToken }) => keyOf({ url: '/ws', auth: { token, ...more } })
    assert.equal(withToken(tokenOf('ana', 1)), withToken(tokenOf('ana', 2)))
    assert.notEqual(withToken(tokenOf('ana', 1)), withToken(tokenOf('ben', 1)))
    assert.notEqual(withToken(tokenOf('ana', 1), {}), withToken(tokenOf('ana', 2), {}))
    assert.notEqual(withToken('opaque'), withToken('another'))
  })

  it('the functions of a configuration are those that are there when they are called, in the object they lie in', async () => {
    const { steady } = await load('configuration')
    let present = { url: '/ws', auth: { token: 'first', refreshToken: async () => 'one' } }
    const copy = steady(present, () => present)
    present = {
      url: '/ws',
      auth: {
        token: 'second',
        async refreshToken() {
          return this.token
        },
      },
    }
    assert.equal(await copy.auth.refreshToken(), 'second')
    assert.equal(copy.auth.token, 'first')
  })

  it('a conflict proposes what one side changed alone, and both as one where that can be', async () => {
    const { chosen, fieldsOf, proposalOf, versionsOf } = await load('conflict-choice')
    const base = { id: 'e', title: 'Plan', location: 'A', notes: 'x', color: 'red', version: 1 }
    const conflict = {
      fields: ['title', 'location'],
      baseVersion: base,
      localVersion: { ...base, title: 'Plan 1', location: 'B', version: 2 },
      remoteVersion: { ...base, title: '2 Plan', location: 'C', notes: 'y', color: undefined, version: 3 },
    }
    const versions = versionsOf(conflict, { ...base, title: '2 Plan 1', location: 'C' })
    const fields = fieldsOf(conflict)
    assert.deepEqual(fields, ['title', 'location', 'notes', 'color'])
    const proposed = Object.fromEntries(fields.map((field) => [field, proposalOf(versions, field)]))
    assert.deepEqual(proposed, { title: 'combined', location: 'mine', notes: 'theirs', color: 'theirs' })
    const event = chosen(versions, fields, { ...proposed, notes: 'before' })
    assert.deepEqual(event, { id: 'e', title: '2 Plan 1', location: 'B', notes: 'x', version: 3 })
  })

  it('a value is written for people: days without a zone, times in that of the event', async () => {
    const { eventValue } = await load('event-value')
    const { english, korean } = await load('texts')
    const wording = { locale: 'en-GB', texts: english }
    const event = {
      startDate: '2026-03-02',
      endDate: '2026-03-02T09:30:00Z',
      timeZone: 'Asia/Seoul',
      attendees: [],
      allDay: false,
    }
    assert.match(eventValue(event, 'startDate', wording), /^Monday,? 2 March 2026$/)
    assert.match(eventValue(event, 'endDate', wording), /2 March 2026 at 18:30/)
    assert.match(eventValue({ ...event, timeZone: 'No/Where' }, 'endDate', wording), /09:30/)
    assert.equal(eventValue({ ...event, endDate: 'soon' }, 'endDate', wording), 'soon')
    assert.equal(eventValue(event, 'attendees', wording), 'Empty')
    assert.equal(eventValue(event, 'allDay', { locale: 'ko', texts: korean }), '아니요')
  })

  it('every text is there in Korean, and a text can be replaced without the others', async () => {
    const { english, korean, textsOf } = await load('texts')
    const said = (text) => (typeof text === 'function' ? text(['a', 'b']) : text)
    const compare = (one, other, path) => {
      assert.deepEqual(Object.keys(other), Object.keys(one), path)
      for (const [name, text] of Object.entries(one)) {
        if (typeof text === 'object') compare(text, other[name], `${path}.${name}`)
        else assert.match(said(other[name]), /\p{Script=Hangul}/u, `${path}.${name}`)
      }
    }
    compare(english, korean, 'texts')
    const texts = textsOf('ko-KR', { retry: 'Again', fields: { room: 'Room' } })
    assert.deepEqual(
      [texts.retry, texts.discard, texts.fields.room, texts.fields.title],
      ['Again', '버리기', 'Room', '제목'],
    )
    assert.equal(textsOf('fr', undefined), english)
  })

  it('ink is legible on any colour', async () => {
    const { inkOn, initialOf } = await load('user-color')
    assert.deepEqual(['#ffffff', '#000000', '#2563eb', '#ea580c', '#65a30d'].map(inkOn), [
      '#000000',
      '#ffffff',
      '#ffffff',
      '#000000',
      '#000000',
    ])
    assert.deepEqual(['김하나', ' ana', '👩‍🚀 Kim', ''].map(initialOf), ['김', 'A', '👩', '?'])
  })
})
