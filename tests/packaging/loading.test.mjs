import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { serve } from './browser.mjs'
import { installPackage, packageIn } from './installed.mjs'

describe('init', () => {
  let folder
  let bytes
  before(() => {
    folder = installPackage()
    bytes = readFileSync(join(packageIn(folder), 'baro_realtime_bg.wasm'))
  })

  // A module is loaded once a process; another package folder is another module.
  const fresh = (entry = 'index') => import(pathToFileURL(join(packageIn(installPackage()), 'esm', `${entry}.js`)).href)

  it('takes bytes, a compiled module, an answer and an address', async () => {
    const site = await serve(packageIn(folder))
    const address = `${site.address}/baro_realtime_bg.wasm`
    try {
      const sources = [bytes, await WebAssembly.compile(bytes), await fetch(address), address, new URL(address)]
      for (const source of sources) {
        const { init } = await fresh('slim')
        await init(source)
      }
    } finally {
      site.close()
    }
  })

  it('refuses the constructor until it has finished', async () => {
    const { init, RealtimeCalendar } = await fresh()
    const refusal = { name: 'RealtimeError', code: 'not_initialized', message: /await init\(\)/ }
    assert.throws(() => new RealtimeCalendar({ url: '/ws' }), refusal)
    const loading = init()
    assert.throws(() => new RealtimeCalendar({ url: '/ws' }), refusal)
    await loading
  })

  it('can be repeated after it failed', async () => {
    const { init } = await fresh()
    const site = await serve(packageIn(folder))
    try {
      await assert.rejects(init(`${site.address}/nothing-here.wasm`), {
        name: 'RealtimeError',
        code: 'wasm_load_failed',
        retryable: true,
        message: /404/,
      })
    } finally {
      site.close()
    }
    await assert.rejects(init(new Uint8Array([1, 2, 3, 4])), { code: 'wasm_load_failed' })
    await init()
  })

  it('of the slim entry asks for a source', async () => {
    const { init } = await fresh('slim')
    await assert.rejects(init(), { name: 'RealtimeError', code: 'invalid_argument' })
    await init(bytes)
  })

  it('carries the same bytes as the file that can be hosted', async () => {
    const { default: payload } = await import(pathToFileURL(join(packageIn(folder), 'esm/payload.js')).href)
    const { inflateRawSync } = await import('node:zlib')
    assert.ok(inflateRawSync(Buffer.from(payload, 'base64')).equals(bytes))
  })
})
