// What the offline queue costs: until an action is stored, one by one and in bursts, with an empty queue and a long one; a
// page that finds a long queue; and sending it to the real server. Beside it, in the same page, IndexedDB alone with rows
// of the same size. On a profile on disk: without one, Chromium keeps IndexedDB in memory.
// `npm run bench -- queue [actions in the long queue]`

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildCargoProgram } from '../scripts/base/cargo-program.mjs'
import { start, stop } from '../scripts/base/command.mjs'
import { makeProfile, startChromium } from '../tests/e2e/support/browser.mjs'
import { serve } from '../tests/packaging/browser.mjs'
import { installPackage } from '../tests/packaging/installed.mjs'
import { summary } from './latency/summary.mjs'
import { inPage } from './queue/page.mjs'
import { tasksWhile } from './queue/tasks.mjs'

const long = Number(process.argv[2] ?? 10_000)
const count = 2_000
const each = 50
// Isolated pages have a clock of 5 µs instead of 100 µs.
const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

const folder = mkdtempSync(join(tmpdir(), 'baro-queue-'))
const program = await buildCargoProgram('baro-realtime-server', 'release')
const database = `sqlite:${join(folder, 'calendar.sqlite')}`
const flags = ['--listen', '127.0.0.1:0', '--database', database, '--auth', 'none', '--allow-origin', '*']
const server = start(program, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
const [line] = await once(createInterface({ input: server.stdout }), 'line')
const url = `ws://${JSON.parse(line).listening}/ws`
const site = await serve(installPackage({ 'index.html': inPage }), isolation)
const endings = []
const { browser, context } = await startChromium({ after: (end) => endings.push(end) }, makeProfile())

const row = (what, ...values) => console.log(`${what.padEnd(44)} ${values.map((value) => value.padStart(14)).join('')}`)
const ms = (value) => value.toFixed(value < 100 ? 2 : 0)

try {
  const open = async () => {
    const page = await context.newPage()
    page.on('pageerror', (error) => console.error(error))
    await page.goto(site.address)
    await page.waitForFunction(() => globalThis.ready)
    return page
  }
  const page = await open()
  await page.evaluate((given) => void globalThis.makeCalendar(given), url)

  row('', 'calendar', 'IndexedDB')
  const inTurns = async (work) => {
    const values = {}
    for (const writer of ['reference', 'calendar']) values[writer] = await work(writer)
    return [values.calendar, values.reference]
  }
  const single = (writer, many) => page.evaluate(([name, given]) => globalThis.single(name, given), [writer, many])
  const bursts = (writer, many) =>
    page.evaluate(([name, given, size]) => globalThis.bursts(name, given, size), [writer, many, each])

  await inTurns((writer) => single(writer, 100))
  const lone = await inTurns((writer) => single(writer, count))
  row(`${count} actions, each waited for: p50, ms`, ...lone.map((taken) => ms(summary(taken).median)))
  row('  p99, ms', ...lone.map((taken) => ms(summary(taken).p99)))
  const burst = await inTurns((writer) => bursts(writer, count))
  row(`${count} actions in tasks of ${each}: µs each`, ...burst.map((taken) => ((taken * 1e3) / count).toFixed(1)))
  row('  actions a second', ...burst.map((taken) => ((count * 1e3) / taken).toFixed(0)))

  const missing = long - (await page.evaluate(() => globalThis.queued()))
  await inTurns((writer) => bursts(writer, Math.max(0, missing)))
  const late = await inTurns((writer) => single(writer, 500))
  const queued = await page.evaluate(() => globalThis.queued())
  row(`500 more in a queue of ${queued - 500}: p50, ms`, ...late.map((taken) => ms(summary(taken).median)))
  row('  p99, ms', ...late.map((taken) => ms(summary(taken).p99)))
  await page.close()

  const next = await open()
  const reference = await next.evaluate((all) => globalThis.loadReference(all), queued)
  const loading = await tasksWhile(browser, next, () =>
    next.evaluate(([address, all]) => globalThis.load(address, all), [url, queued]),
  )
  row(
    `a new page finds ${queued}: µs each`,
    ...[loading.result, reference].map((took) => ((took * 1e3) / queued).toFixed(1)),
  )
  row('  longest tasks, ms of the thread', loading.tasks.slice(0, 3).map(ms).join(' '))
  const draining = await tasksWhile(browser, next, () => next.evaluate(() => globalThis.drain()))
  row(`${queued} are sent and decided: actions a second`, ((queued * 1e3) / draining.result).toFixed(0))
  row('  longest tasks, ms of the thread', draining.tasks.slice(0, 3).map(ms).join(' '))
  const left = await next.evaluate(() => globalThis.queued())
  const address = `http://${JSON.parse(line).listening}`
  const arrived = await (await fetch(`${address}/api/events?projectId=measured`)).json()
  if (left !== 0 || arrived.length !== queued)
    throw new Error(`${left} are left and ${arrived.length} arrived of ${queued}.`)
} finally {
  for (const end of endings) await end()
  site.close()
  await stop(server)
  rmSync(folder, { recursive: true, force: true })
}
