// What bringing two changes of one event together costs: one side moves the event and edits its description, the other
// one renames it, invites somebody and edits another line. Beside it, in turns, on the same events in the same page:
// jsondiffpatch (two diffs, two patches) and Yjs (a document a side, which exchange what the other lacks).
// `npm run bench -- merge [rounds]`

import { buildSync } from 'esbuild'
import { join } from 'node:path'
import { launch, serve } from '../tests/packaging/browser.mjs'
import { installPackage, repository } from '../tests/packaging/installed.mjs'
import { summary } from './latency/summary.mjs'
import { inPage } from './merge/page.mjs'

const rounds = Number(process.argv[2] ?? 9)
const folder = installPackage({ 'index.html': inPage })
buildSync({
  entryPoints: [join(repository, 'benches/merge/peers.mjs')],
  outfile: join(folder, 'peers.js'),
  bundle: true,
  minify: true,
  format: 'esm',
})
const site = await serve(folder)
const browser = await launch()
try {
  const page = await browser.newPage()
  page.on('pageerror', (error) => console.error(error))
  await page.goto(site.address)
  await page.waitForFunction(() => globalThis.names)
  const names = await page.evaluate(() => globalThis.names)
  const taken = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const name of round % 2 ? names.toReversed() : names) {
      const ms = await page.evaluate((way) => globalThis.measure(way), name)
      // The first round warms up.
      if (round >= 0) taken[name].push(ms)
    }
  }
  for (const [name, values] of Object.entries(taken)) {
    const { median } = summary(values)
    const line = [
      name.padEnd(44),
      `${(1 / median).toFixed(1).padStart(7)} thousand a second`,
      `${(median * 1000).toFixed(1)} µs each`,
    ]
    console.log(`${line.join(', ')}, median of ${rounds}`)
  }
} finally {
  await browser.close()
  site.close()
}
