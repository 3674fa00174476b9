// Node itself, in both of its module systems.

import assert from 'node:assert/strict'
import { entriesOf, runNode } from '../installed.mjs'

const name = '@baro-calendar/realtime'

// Prints what loading came to, and which entries export nothing.
const finish = `
const check = async (entries, { default: init, init: same, RealtimeCalendar }, slim, bytes) => {
  const first = init()
  await Promise.all([first, init(), slim.init(bytes)])
  const calendar = new RealtimeCalendar({ url: 'ws://127.0.0.1/ws', offline: false })
  const state = calendar.getState()
  await calendar.destroy()
  const empty = Object.keys(entries).filter((entry) => Object.keys(entries[entry]).length === 0)
  const one = RealtimeCalendar === slim.RealtimeCalendar && init === same && first === init()
  console.log(JSON.stringify({ state, empty, one, name: RealtimeCalendar.name }))
}`
const outcome = { state: 'disconnected', empty: [], one: true, name: 'RealtimeCalendar' }

const asModule = (entries) => `
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
${finish}
const entries = {}
for (const entry of ${JSON.stringify(entries)}) entries[entry] = await import(entry)
const bytes = readFileSync(fileURLToPath(import.meta.resolve('${name}/baro_realtime_bg.wasm')))
await check(entries, entries['${name}'], entries['${name}/slim'], bytes)`

const asCommonJs = (entries) => `
const { readFileSync } = require('node:fs')
${finish}
const entries = Object.fromEntries(${JSON.stringify(entries)}.map((entry) => [entry, require(entry)]))
const bytes = readFileSync(require.resolve('${name}/baro_realtime_bg.wasm'))
check(entries, entries['${name}'], entries['${name}/slim'], bytes)`

const row = (way, file, source) => ({
  tool: 'Node',
  way,
  versionIn: () => process.versions.node,
  run: ({ folder }) => assert.deepEqual(runNode(folder, file, source(entriesOf(folder))), outcome),
})

export const node = [row('`import`', 'matrix.mjs', asModule), row('`require`', 'matrix.cjs', asCommonJs)]
