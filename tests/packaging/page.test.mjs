import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { launch, open } from './browser.mjs'
import { installPackage } from './installed.mjs'
import { expected, page, program } from './program.mjs'

const entry = (name) => `/node_modules/@baro-calendar/realtime/esm/${name}.js`
const policy = (scripts) => ({
  'content-security-policy': `default-src 'none'; script-src ${scripts}; connect-src 'self'; worker-src 'self'`,
})

describe('a page without a bundler', () => {
  let browser
  let folder
  before(async () => {
    folder = installPackage({
      'main.js': program(entry('index')),
      'index.html': page('/main.js'),
      'worker.js': program(entry('inline')),
      'with-worker.js': `new Worker('/worker.js', { type: 'module' }).onmessage = ({ data }) => { globalThis.result = data }`,
    })
    browser = await launch()
  })
  after(() => browser?.close())

  it('loads by <script type="module">', async () => {
    assert.deepEqual(await open(browser, folder), expected)
  })

  it('loads under a strict content security policy', async () => {
    assert.deepEqual(await open(browser, folder, policy("'self' 'wasm-unsafe-eval'")), expected)
  })

  it('says what a policy has to allow when it forbids WebAssembly', async () => {
    const { error, code } = await open(browser, folder, policy("'self'"))
    assert.equal(code, 'wasm_load_failed')
    assert.match(error, /'wasm-unsafe-eval' in script-src/)
  })

  it('loads in a worker, in one piece', async () => {
    writeFileSync(join(folder, 'index.html'), page('/with-worker.js'))
    try {
      assert.deepEqual(await open(browser, folder, policy("'self' 'wasm-unsafe-eval'")), expected)
    } finally {
      writeFileSync(join(folder, 'index.html'), page('/main.js'))
    }
  })
})
