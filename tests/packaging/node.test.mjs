import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { installPackage, runNode } from './installed.mjs'

const name = '@baro-calendar/realtime'
const entries = [name, `${name}/inline`, `${name}/slim`]

// Notes every browser global that is asked for, and every global that is added, while the entries are imported.
const watched = (load) => `
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

describe('on a server', () => {
  let folder
  before(() => {
    folder = installPackage()
  })

  it('importing touches no global and adds none', () => {
    const load = `finish(await Promise.all(${JSON.stringify(entries)}.map((entry) => import(entry))))`
    const { touched, added, exports } = runNode(folder, 'import.mjs', watched(load))
    assert.deepEqual({ touched, added }, { touched: [], added: [] })
    for (const names of exports)
      assert.deepEqual(
        names.filter((key) => everything.includes(key)),
        everything,
      )
  })

  it('requiring touches no global and adds none', () => {
    const { touched, added, exports } = runNode(
      folder,
      'require.cjs',
      watched(`finish(${JSON.stringify(entries)}.map((entry) => require(entry)))`),
    )
    assert.deepEqual({ touched, added }, { touched: [], added: [] })
    for (const names of exports)
      assert.deepEqual(
        names.filter((key) => everything.includes(key)),
        everything,
      )
  })

  it('loads the WebAssembly as a module', () => {
    const source = `import init, { RealtimeCalendar } from '${name}'
const first = init()
await Promise.all([first, init()])
console.log(JSON.stringify({ shared: first === init(), type: typeof RealtimeCalendar.prototype.getState, name: RealtimeCalendar.name }))`
    assert.deepEqual(runNode(folder, 'load.mjs', source), { shared: true, type: 'function', name: 'RealtimeCalendar' })
  })

  it('loads the WebAssembly as CommonJS, in every entry', () => {
    const source = `const { readFileSync } = require('node:fs')
const bytes = readFileSync(require.resolve('${name}/baro_realtime_bg.wasm'))
const [main, inline, slim] = ${JSON.stringify(entries)}.map((entry) => require(entry))
Promise.all([main.init(), inline.init(), slim.init(bytes)]).then(() =>
  console.log(JSON.stringify({ defaults: [main, inline, slim].map((entry) => entry.default === entry.init), one: main.RealtimeCalendar === slim.RealtimeCalendar })))`
    assert.deepEqual(runNode(folder, 'load.cjs', source), { defaults: [true, true, true], one: true })
  })
})
