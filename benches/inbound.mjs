// What an update costs the page's main thread: 50,000 updates over 10,000 events, 100 a frame, as text and as binary
// frames; beside it, in turns, a script that parses into a map and a page that only counts frames.
// `npm run bench -- inbound [rounds]`

import { deflateRawSync } from 'node:zlib'
import { launch, serve } from '../tests/packaging/browser.mjs'
import { installPackage } from '../tests/packaging/installed.mjs'
import { inPage } from './inbound/page.mjs'
import { framesOf, listen } from './inbound/stream.mjs'
import { summary } from './latency/summary.mjs'

const rounds = Number(process.argv[2] ?? 5)
const load = { events: 10_000, updates: 50_000, perFrame: 100 }
const single = { ...load, updates: 10_000, perFrame: 1 }
const [text, binary, lone] = [framesOf('text', load), framesOf('binary', load), framesOf('text', single)]
const kinds = {
  'calendar, binary frames': ['product', binary, load],
  'calendar, text frames': ['product', text, load],
  'script, text frames': ['script', text, load],
  'frames counted, binary': ['frames', binary, load],
  'calendar, one message a frame': ['product', lone, single],
  'script, one message a frame': ['script', lone, single],
}

const bytes = (frames) => frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0) / load.updates
const deflated = (frames) => frames.reduce((sum, frame) => sum + deflateRawSync(frame).length, 0) / load.updates
console.log(`bytes an update on the wire: text ${bytes(text).toFixed(0)}, binary ${bytes(binary).toFixed(0)};`)
console.log(`  deflated, frame by frame: text ${deflated(text).toFixed(0)}, binary ${deflated(binary).toFixed(0)}`)

const site = await serve(installPackage({ 'index.html': inPage }))
const browser = await launch()
const taken = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]))

try {
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(kinds)
    for (const name of round % 2 ? names.reverse() : names) taken[name].push(await measure(...kinds[name]))
  }
  for (const [name, values] of Object.entries(taken)) {
    console.log(
      `${name.padEnd(30)} ${summary(values).median.toFixed(2).padStart(7)} µs main thread an update, median of ${rounds}`,
    )
  }
} finally {
  await browser.close()
  site.close()
}

async function measure(receiver, frames, { events, updates, perFrame }) {
  const stream = await listen(events)
  const page = await (await browser.newContext()).newPage()
  page.on('pageerror', (error) => console.error(error))
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration').value
  }
  try {
    await page.goto(site.address)
    await page.waitForFunction(() => globalThis.ready)
    await page.evaluate(
      (given) => globalThis.receive(...given),
      [receiver, stream.address, updates, stream.content, perFrame],
    )
    await page.waitForTimeout(300)
    const before = await busy()
    const done = page.evaluate(() => globalThis.receiver.done())
    stream.pour(frames)
    await done
    const after = await busy()
    const sum = await page.evaluate(() => globalThis.receiver.check())
    if (sum !== null && sum !== expected(events, updates))
      throw new Error(`${receiver} holds versions of ${sum} in all.`)
    return ((after - before) * 1e6) / updates
  } finally {
    await page.context().close()
    stream.close()
  }
}

/** The sum of all versions when everything was applied. */
function expected(events, updates) {
  const versions = new Array(events).fill(1)
  for (let at = 0; at < updates; at++) versions[(at * 7919) % events] = 2 + Math.floor(at / events)
  return versions.reduce((sum, version) => sum + version, 0)
}
