import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { repository } from '../packaging/installed.mjs'

const read = (path) => readFileSync(join(repository, path), 'utf8')

const page = read('docs/MIGRATION.md')
const sources = ['story-2.3', '8c'].map((name) => read(`tests/e2e/original/${name}.txt`)).join('')

const missing = (names) => [...new Set(names)].filter((name) => !new RegExp(`\\b${name}\\b`).test(page))

describe('the page on coming from the original layer', () => {
  it('tells of everything that the original sources export', () => {
    const exported = [...sources.matchAll(/^export (?:const|class|enum|function) (\w+)/gm)].map(([, name]) => name)
    assert.ok(exported.length >= 11, 'exports were found')
    assert.deepEqual(missing(exported), [])
  })

  it('tells of every message, window event and address in them', () => {
    const messages = [...sources.matchAll(/(?:case|type:|send\() ?'([\w:]+)'/g)].map(([, name]) => name)
    const events = [...sources.matchAll(/CustomEvent\('([\w-]+)'/g)].map(([, name]) => name)
    const addresses = sources.match(/NEXT_PUBLIC_\w+/g)
    assert.ok(messages.length > 10 && events.length > 2 && addresses.length > 2, 'names were found')
    assert.deepEqual(missing([...messages, ...events, ...addresses]), [])
  })

  it('tells of everything that takes its place', () => {
    const names = read('js/compat/index.ts')
      .replaceAll(/\/\/.*/g, '')
      .matchAll(/export \{([^}]*)\}/g)
    const values = [...names]
      .flatMap(([, list]) => list.split(','))
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type '))
    assert.ok(values.includes('WebSocketManager') && values.length > 15, 'exports were found')
    assert.deepEqual(missing(values.filter((name) => name !== 'EventEmitter')), [])
  })
})
