// Next.js, with each of its bundlers: the example of the repository, which has no configuration. What it does with a server for
// the calendar is tested in tests/e2e; here there is none.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { buildExample } from '../../../scripts/example.mjs'
import { patience } from '../../e2e/support/until.mjs'
import { repository, tarball } from '../installed.mjs'
import { startNext } from '../nextjs.mjs'

const { dependencies } = JSON.parse(readFileSync(join(repository, 'examples/nextjs/package.json'), 'utf8'))

/** The scripts of a build that hold the WebAssembly, by their names. */
const scriptsWithWebAssembly = (folder) =>
  readdirSync(join(folder, '.next/static'), { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .filter((name) => /[A-Za-z0-9+/]{10000}/.test(readFileSync(join(folder, '.next/static', name), 'utf8')))
    .map((name) => basename(name))

async function build({ browser }, t, bundler) {
  const { folder, buildMs } = await buildExample(bundler, tarball())
  const address = await startNext(t, folder, 'start', 'ws://127.0.0.1:9/ws')
  const html = await (await fetch(address)).text()
  assert.match(html, / data-state="disconnected"/)
  const [script, ...more] = scriptsWithWebAssembly(folder)
  assert.deepEqual(more, [])
  assert.ok(!html.includes(script), 'the WebAssembly lies in a chunk that the page does not begin with')
  const page = await browser.newPage()
  page.setDefaultTimeout(patience)
  t.after(() => page.close())
  await page.goto(address)
  // It is loaded, and looks for its server.
  await page.locator('[data-state="connecting"], [data-state="reconnecting"]').waitFor()
  return buildMs
}

const row = (way, bundler) => ({
  tool: 'Next.js',
  version: dependencies.next,
  isPinned: true,
  way,
  run: (room, t) => build(room, t, bundler),
})

export const nextjs = [row('`next build`, which is Turbopack', 'turbopack'), row('`next build --webpack`', 'webpack')]
