// Rows or segments: what a queue costs in IndexedDB alone if each write is a row of its own, and if the writes of one task
// are packed into one row. Storing, reading after a reload, and deleting as a server decides, 32 at a time. On a profile on
// disk: without one, Chromium keeps IndexedDB in memory. `npm run bench -- storage [writes]`

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeProfile, startChromium } from '../tests/e2e/support/browser.mjs'
import { serve } from '../tests/packaging/browser.mjs'
import { summary } from './latency/summary.mjs'

const writes = Number(process.argv[2] ?? 10_000)
const rounds = 20
const window = 32

const inPage = `<!doctype html><script type="module">
  const text = (n) => JSON.stringify({ v: 2, kind: 'update', event: 'e' + n, at: 1750000000000, attempts: 0, base: null,
    body: { id: 'e' + n, title: 'x'.repeat(300), description: 'y'.repeat(300) } })
  const key = (n) => '0197742c-0b2b-72c8-b0cd-a37d9effe247|' + n.toString(16).padStart(16, '0')
  const open = (name) => new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => request.result.createObjectStore('outbox')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  const transact = (database, work) => new Promise((resolve, reject) => {
    const transaction = database.transaction('outbox', 'readwrite', { durability: 'relaxed' })
    work(transaction.objectStore('outbox'))
    transaction.commit()
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
  const timed = async (work) => {
    const start = performance.now()
    await work()
    return performance.now() - start
  }
  const read = (database) => new Promise((resolve) => {
    const store = database.transaction('outbox').objectStore('outbox')
    store.getAllKeys()
    const values = store.getAll()
    values.onsuccess = () => resolve(values.result)
  })
  const list = (from, count) => Array.from({ length: count }, (_, at) => from + at)
  globalThis.store = async (name, packed, task, rounds) => {
    const database = await open(name)
    const taken = []
    for (let round = 0; round < rounds; round++) {
      const numbers = list(round * task, task)
      taken.push(await timed(() => transact(database, (store) => {
        if (packed) store.put(JSON.stringify(numbers.map(text)), key(numbers[0]))
        else for (const n of numbers) store.put(text(n), key(n))
      })))
    }
    database.close()
    return taken
  }
  globalThis.load = async (name) => {
    const database = await open(name)
    const taken = []
    for (let round = 0; round < 5; round++) taken.push(await timed(() => read(database)))
    database.close()
    return taken
  }
  globalThis.drain = async (name, packed, task, total, window) => {
    const database = await open(name)
    const taken = []
    for (let from = 0; from < total; from += window) {
      const numbers = list(from, Math.min(window, total - from))
      taken.push(await timed(() => transact(database, (store) => {
        if (!packed) return numbers.forEach((n) => store.delete(key(n)))
        // A segment that is partly decided is written again without what was.
        for (const first of new Set(numbers.map((n) => n - (n % task)))) {
          const rest = list(first, task).filter((n) => n >= from + window)
          if (rest.length === 0) store.delete(key(first))
          else store.put(JSON.stringify(rest.map(text)), key(first))
        }
      })))
    }
    const left = (await read(database)).length
    database.close()
    if (left !== 0) throw new Error(left + ' rows are left')
    return taken
  }
  globalThis.ready = true
</script>`

const folder = mkdtempSync(join(tmpdir(), 'baro-storage-'))
writeFileSync(join(folder, 'index.html'), inPage)
const site = await serve(folder, {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
})
const endings = []
const { context } = await startChromium({ after: (end) => endings.push(end) }, makeProfile())
try {
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(error))
  await page.goto(site.address)
  await page.waitForFunction(() => globalThis.ready)
  const show = (what, taken) => {
    const { median, p99 } = summary(taken)
    const sum = taken.reduce((sum, ms) => sum + ms, 0)
    const columns = [median, p99, sum].map((ms) => ms.toFixed(2).padStart(10))
    console.log(`${what.padEnd(58)}${columns.join('')}`)
  }
  console.log(`${''.padEnd(58)}${['median ms', 'p99 ms', 'all ms'].map((head) => head.padStart(10)).join('')}`)
  const call = (name, ...given) => page.evaluate(([name, given]) => globalThis[name](...given), [name, given])
  for (const [packed, name] of [
    [false, 'rows'],
    [true, 'segments'],
  ]) {
    for (const task of [1, 10, 100, 2_000]) {
      show(`${name}: a task of ${task} stored`, await call('store', `${name}-${task}`, packed, task, rounds))
    }
    for (const task of [10, writes]) {
      const database = `${name}-${task}-queue`
      await call('store', database, packed, task, writes / task)
      show(`${name}: ${writes} from tasks of ${task}, read`, await call('load', database))
      const taken = await call('drain', database, packed, task, writes, window)
      show(`${name}: the same decided, ${window} at a time`, taken)
    }
  }
} finally {
  for (const end of endings) await end()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
