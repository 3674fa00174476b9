// Next.js, with each of its bundlers: the example of the repository, which has no configuration. What it does with a server for
// the calendar is tested in tests/e2e; here there is none.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildExample } from '../../../scripts/example.mjs'
import { repository, tarball } from '../installed.mjs'
import { startNext } from '../nextjs.mjs'

const { dependencies } = JSON.parse(readFileSync(join(repository, 'examples/nextjs/package.json'), 'utf8'))

const built =
  (bundler) =>
  async ({ browser }, t) => {
    const { folder, buildMs } = await buildExample(bundler, tarball())
    const address = await startNext(t, folder, 'start', 'ws://127.0.0.1:9/ws')
    assert.match(await (await fetch(address)).text(), / data-state="disconnected"/)
    const page = await browser.newPage()
    t.after(() => page.close())
    await page.goto(address)
    // The WebAssembly is loaded, and looks for its server.
    await page.locator('[data-state="connecting"], [data-state="reconnecting"]').waitFor({ timeout: 45_000 })
    return buildMs
  }

const row = (way, run) => ({ tool: 'Next.js', version: dependencies.next, isPinned: true, way, run })

export const nextjs = [
  row('`next build`, which is Turbopack', built('turbopack')),
  row('`next build --webpack`', built('webpack')),
]
