// Pages whose modules are files as they are published, and what a Content-Security-Policy has to allow for them.

import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from '../browser.mjs'
import { packageIn } from '../installed.mjs'
import { expected, page, program } from '../program.mjs'

const served = '/node_modules/@baro-calendar/realtime'
const entry = (name) => `${served}/esm/${name}.js`

/** A policy that allows a page nothing but what is listed. */
export const policy = (scripts) => ({
  'content-security-policy': `default-src 'none'; script-src ${scripts}; connect-src 'self'; worker-src 'self'`,
})
const strict = policy("'self' 'wasm-unsafe-eval'")

/** Writes a page into a folder of its own, beside the installed package. */
export function writePage(folder, name, files) {
  const site = join(folder, name)
  mkdirSync(join(site, 'node_modules/@baro-calendar'), { recursive: true })
  symlinkSync(packageIn(folder), join(site, 'node_modules/@baro-calendar/realtime'), 'dir')
  for (const [file, text] of Object.entries({ 'index.html': page('/main.js'), ...files }))
    writeFileSync(join(site, file), text)
  return site
}

const opens = (name, files, headers) => async (room) => {
  const site = writePage(room.folder, name, files)
  assert.deepEqual(await open(room.browser, site, headers), expected)
}

const inWorker = {
  'worker.js': program(entry('inline')),
  'main.js': `new Worker('/worker.js', { type: 'module' }).onmessage = ({ data }) => { globalThis.result = data }`,
}
const hosted = { source: `'${served}/baro_realtime_bg.wasm'` }

const row = (way, run) => ({
  tool: 'No bundler',
  way,
  run,
  versionIn: ({ browser }) => `Chromium ${browser.version()}`,
})

export const pages = [
  row('`<script type="module">`', opens('page', { 'main.js': program(entry('index')) })),
  row("policy `script-src 'self' 'wasm-unsafe-eval'`", opens('policy', { 'main.js': program(entry('index')) }, strict)),
  row('module worker under the policy, `inline`', opens('worker', inWorker, strict)),
  row(
    'self-hosted file under the policy, `slim`',
    opens('slim', { 'main.js': program(entry('slim'), hosted) }, strict),
  ),
]
