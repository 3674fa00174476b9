// How long an edit takes from one page to another: from `createEvent` to the other's `events-change`, on loopback with
// the real server and SQLite on disk. Beside it, in turns, a bare WebSocket relay of the same payload between the same
// two pages. `npm run bench -- latency [edits]`

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocketServer } from 'ws'
import { buildCargoProgram } from '../scripts/base/cargo-program.mjs'
import { start, stop } from '../scripts/base/command.mjs'
import { launch, serve } from '../tests/packaging/browser.mjs'
import { installPackage } from '../tests/packaging/installed.mjs'
import { inPage } from './latency/page.mjs'
import { summary } from './latency/summary.mjs'

const edits = Number(process.argv[2] ?? 200)
const warmUp = 20
// Isolated pages have a clock of 5 µs instead of 100 µs.
const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

const folder = mkdtempSync(join(tmpdir(), 'baro-latency-'))
const program = await buildCargoProgram('baro-realtime-server', 'release')
const database = `sqlite:${join(folder, 'calendar.sqlite')}`
const flags = ['--listen', '127.0.0.1:0', '--database', database, '--auth', 'none', '--allow-origin', '*']
const server = start(program, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
const [line] = await once(createInterface({ input: server.stdout }), 'line')
const relay = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
relay.on('connection', (socket) => {
  socket.on('message', (data) => {
    for (const other of relay.clients) if (other !== socket) other.send(data, { binary: false })
  })
})
await once(relay, 'listening')
const site = await serve(installPackage({ 'index.html': inPage }), isolation)
const browser = await launch()

try {
  const context = await browser.newContext()
  const open = async (user) => {
    const page = await context.newPage()
    page.on('pageerror', (error) => console.error(error))
    await page.goto(`${site.address}/`)
    await page.waitForFunction(() => globalThis.ready)
    const addresses = [`ws://${JSON.parse(line).listening}/ws`, `ws://127.0.0.1:${relay.address().port}/`]
    await page.evaluate(([name, product, bare]) => globalThis.open(name, product, bare), [user, ...addresses])
    return page
  }
  const [ana, ben] = [await open('ana'), await open('ben')]
  await ben.evaluate(() => globalThis.listen())
  const clocks = await ana.evaluate(() => globalThis.compareClocks())
  const taken = await ana.evaluate((count) => globalThis.measure(count), warmUp + edits)
  const shown = await ben.evaluate(() => globalThis.baro.getEvents().length)
  if (shown !== warmUp + edits) throw new Error(`The second page shows ${shown} events of ${warmUp + edits}.`)

  const measured = (name) => summary(taken.slice(warmUp).map((one) => one[name] - clocks.offset))
  const [product, bare] = [measured('product'), measured('relay')]
  console.log(`${edits} edits, one after the other, ${taken[0].bytes} bytes of payload; median and p99 in ms`)
  console.log(`page to page       ${product.median.toFixed(2).padStart(8)} ${product.p99.toFixed(2).padStart(8)}`)
  console.log(`bare relay         ${bare.median.toFixed(2).padStart(8)} ${bare.p99.toFixed(2).padStart(8)}`)
  console.log(
    `ratio              ${(product.median / bare.median).toFixed(2).padStart(8)} ${(product.p99 / bare.p99).toFixed(2).padStart(8)}`,
  )
  console.log(
    `clocks of the pages differ by ${clocks.offset.toFixed(3)} ms, ± ${(clocks.roundTrip / 2).toFixed(3)}; taken off`,
  )
} finally {
  await browser.close()
  site.close()
  for (const socket of relay.clients) socket.terminate()
  relay.close()
  await stop(server)
  rmSync(folder, { recursive: true, force: true })
}
