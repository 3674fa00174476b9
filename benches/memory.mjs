// What 10,000 events take in a page's memory: the calendar, a plain Map, Yjs and Automerge, each in a fresh page of the
// same browser, filled in the form in which it gets events from elsewhere; JavaScript's heap after collection and the
// linear memory of WebAssembly, without what the empty page with the library loaded takes.
// `npm run bench -- memory [rounds]`

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as Automerge from '@automerge/automerge'
import { build } from 'esbuild'
import * as Y from 'yjs'
import { at } from '../scripts/base/paths.mjs'
import { launch, serve } from '../tests/packaging/browser.mjs'
import { installPackage, packageIn } from '../tests/packaging/installed.mjs'
import { listen } from './inbound/stream.mjs'
import { summary } from './latency/summary.mjs'

const rounds = Number(process.argv[2] ?? 3)
const count = 10_000
const names = ['calendar', 'map', 'yjs', 'automerge']

const stream = await listen(count)
const events = JSON.parse(stream.content)
const expected = [count, events.reduce((sum, { version, attendees }) => sum + version + attendees.length, 0)]

const shared = new Y.Doc()
shared.transact(() => {
  const all = shared.getMap('events')
  for (const event of events) {
    const fields = Object.entries(event).map(([name, value]) => [
      name,
      Array.isArray(value) ? Y.Array.from(value) : value,
    ])
    all.set(event.id, new Y.Map(fields))
  }
})
// Texts as values, as in the others; by itself it makes each character one that can be edited.
const scalar = (value) => (typeof value === 'string' ? new Automerge.ImmutableString(value) : value)
const scalars = (event) =>
  Object.fromEntries(
    Object.entries(event).map(([name, value]) => [name, Array.isArray(value) ? value.map(scalar) : scalar(value)]),
  )
const document = Automerge.from({ events: Object.fromEntries(events.map((event) => [event.id, scalars(event)])) })

const folder = installPackage({
  'index.html': '<!doctype html><title>memory</title><script type="module" src="/page.js"></script>',
  'content.json': stream.content,
  'yjs.bin': Y.encodeStateAsUpdate(shared),
  'automerge.bin': Automerge.save(document),
  'automerge.wasm': readFileSync(createRequire(import.meta.url).resolve('@automerge/automerge/automerge.wasm')),
})
await build({
  entryPoints: [at('benches', 'memory', 'page.mjs')],
  alias: { '@baro-calendar/realtime': packageIn(folder) },
  nodePaths: [at('node_modules')],
  bundle: true,
  format: 'esm',
  platform: 'browser',
  outfile: join(folder, 'page.js'),
  logLevel: 'error',
})
const site = await serve(folder)
const browser = await launch()
const taken = Object.fromEntries(names.map((name) => [name, []]))

try {
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 ? names.toReversed() : names) taken[name].push(await measure(name))
  }
  const bytes = Buffer.byteLength(stream.content)
  console.log(
    `${count} events of ${(bytes / count).toFixed(0)} bytes of JSON; MB, median of ${rounds}; heap + linear memory`,
  )
  console.log(
    `${''.padEnd(10)} ${'held'.padStart(22)} ${'all of them read'.padStart(24)} ${'bytes an event'.padStart(16)}`,
  )
  for (const name of names) {
    const median = (pick) => summary(taken[name].map(pick)).median
    const cell = (state) => {
      const [heap, linear] = [median((one) => one[state].heap), median((one) => one[state].linear)]
      return `${mega(heap + linear)} = ${mega(heap)} + ${mega(linear)}`
    }
    const each = median(({ held }) => held.heap + held.linear) / count
    console.log(
      `${name.padEnd(10)} ${cell('held').padStart(22)} ${cell('read').padStart(24)} ${each.toFixed(0).padStart(16)}`,
    )
  }
} finally {
  await browser.close()
  site.close()
  stream.close()
}

function mega(bytes) {
  return (bytes / 1e6).toFixed(1)
}

async function measure(name) {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(error))
  const session = await context.newCDPSession(page)
  const use = async () => {
    for (let time = 0; time < 3; time++) await session.send('HeapProfiler.collectGarbage')
    const { usedSize } = await session.send('Runtime.getHeapUsage')
    return { heap: usedSize, linear: await page.evaluate(() => globalThis.linearMemory()) }
  }
  try {
    await page.goto(site.address)
    await page.waitForFunction(() => globalThis.prepare)
    await page.evaluate((given) => globalThis.prepare(given), name)
    const empty = await use()
    await page.evaluate(([given, address]) => globalThis.fill(given, address), [name, stream.address])
    const beyond = ({ heap, linear }) => ({ heap: heap - empty.heap, linear: linear - empty.linear })
    const held = beyond(await use())
    const read = await page.evaluate((given) => globalThis.readAll(given), name)
    if (String(read) !== String(expected)) throw new Error(`${name} holds ${read} instead of ${expected}.`)
    return { held, read: beyond(await use()) }
  } finally {
    await context.close()
  }
}
