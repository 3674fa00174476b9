import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { entriesOf, installPackage, link, peersOf, runNode } from './installed.mjs'

// Notes every browser global that is asked for, and every global that is added, while the entries are imported. What the peers do
// when they are imported is theirs, so they come first.
const watched = (peers, load) => `
${peers}
const touched = []
const names = ['window', 'document', 'navigator', 'location', 'localStorage', 'indexedDB', 'WebSocket', 'BroadcastChannel',
  'Worker', 'fetch', 'WebAssembly', 'DecompressionStream', 'crypto', 'performance', 'setTimeout', 'setInterval', 'queueMicrotask']
const before = new Set(Object.getOwnPropertyNames(globalThis))
const kept = {}
for (const name of names) {
  kept[name] = Object.getOwnPropertyDescriptor(globalThis, name)
  const value = globalThis[name]
  Object.defineProperty(globalThis, name, { configurable: true, get: () => { touched.push(name); return value } })
}
const finish = (modules) => {
  for (const name of names) {
    if (kept[name]) Object.defineProperty(globalThis, name, kept[name])
    else delete globalThis[name]
  }
  const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name) && !names.includes(name))
  console.log(JSON.stringify({ touched, added, exports: modules.map((module) => Object.keys(module).filter((key) => key !== '__esModule').sort()) }))
}
${load}
`

const everything = [
  'ConflictResolver',
  'ConflictStrategy',
  'ConnectionState',
  'MessageBatcher',
  'RealtimeCalendar',
  'default',
  'init',
]

const name = '@baro-calendar/realtime'
const withClass = [name, `${name}/inline`, `${name}/slim`]

describe('on a server', () => {
  let folder
  let entries
  let peers
  before(() => {
    folder = installPackage()
    entries = entriesOf(folder)
    peers = peersOf(folder)
    link(folder, peers)
  })

  /** Runs the program and checks what it noted. */
  function staysAlone(file, source) {
    const { touched, added, exports } = runNode(folder, file, source)
    assert.deepEqual({ touched, added }, { touched: [], added: [] })
    for (const [index, entry] of entries.entries()) {
      assert.notDeepEqual(exports[index], [], `${entry} exports something`)
      if (!withClass.includes(entry)) continue
      const expected = exports[index].filter((key) => everything.includes(key))
      assert.deepEqual(expected, everything)
    }
  }

  it('importing touches no global and adds none', () => {
    const first = `await Promise.all(${JSON.stringify(peers)}.map((peer) => import(peer)))`
    const load = `finish(await Promise.all(${JSON.stringify(entries)}.map((entry) => import(entry))))`
    staysAlone('import.mjs', watched(first, load))
  })

  it('requiring touches no global and adds none', () => {
    const first = `${JSON.stringify(peers)}.forEach((peer) => require(peer))`
    const load = `finish(${JSON.stringify(entries)}.map((entry) => require(entry)))`
    staysAlone('require.cjs', watched(first, load))
  })

  // An edge runtime lacks one thing or another; here there is nothing but the language.
  it('importing works in a world without a single global', async () => {
    for (const entry of entries) {
      const { outputFiles } = await build({
        stdin: { contents: `export * from '${entry}'`, resolveDir: folder },
        bundle: true,
        write: false,
        format: 'iife',
        globalName: 'entry',
        define: { 'process.env.NODE_ENV': '"production"' },
      })
      const world = createContext(Object.create(null))
      runInContext(outputFiles[0].text, world)
      assert.deepEqual(Object.keys(world), ['entry'], `${entry} adds nothing`)
      assert.ok(Object.keys(world.entry).length > 0, `${entry} exports something`)
    }
  })
})
