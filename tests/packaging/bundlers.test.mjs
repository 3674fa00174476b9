import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { launch, open } from './browser.mjs'
import { installPackage } from './installed.mjs'
import { expected, page, program } from './program.mjs'

describe('a bundler without configuration', () => {
  let browser
  let folder
  before(async () => {
    folder = installPackage({ 'main.js': program('@baro-calendar/realtime'), 'index.html': page('/main.js') })
    browser = await launch()
  })
  after(() => browser?.close())

  it('webpack 5 in production mode', async () => {
    const { default: webpack } = await import('webpack')
    const out = join(folder, 'out-webpack')
    const stats = await new Promise((resolve, reject) =>
      webpack({ mode: 'production', context: folder, entry: './main.js', output: { path: out } }, (error, done) =>
        error ? reject(error) : resolve(done),
      ),
    )
    const { errors, warnings, assets } = stats.toJson({ all: false, errors: true, warnings: true, assets: true })
    assert.deepEqual(errors, [])
    assert.deepEqual(
      warnings.filter(({ message }) => !/size limit/.test(message)),
      [],
    )
    assert.ok(assets.length >= 2, 'the WebAssembly lies in a chunk of its own')
    writeFileSync(join(out, 'index.html'), page('/main.js'))
    assert.deepEqual(await open(browser, out), expected)
  })

  it('webpack 5 in development mode', async () => {
    const { default: webpack } = await import('webpack')
    const out = join(folder, 'out-webpack-dev')
    const options = { mode: 'development', context: folder, entry: './main.js', output: { path: out } }
    const stats = await new Promise((resolve, reject) =>
      webpack(options, (error, done) => (error ? reject(error) : resolve(done))),
    )
    assert.deepEqual(stats.toJson({ all: false, errors: true }).errors, [])
    writeFileSync(join(out, 'index.html'), page('/main.js'))
    assert.deepEqual(await open(browser, out), expected)
  })

  it('Vite, built', async () => {
    const { build } = await import('vite')
    const out = join(folder, 'out-vite')
    await build({ root: folder, logLevel: 'error', configFile: false, build: { outDir: out } })
    assert.deepEqual(await open(browser, out), expected)
  })

  it('Vite, development server', async () => {
    const { createServer } = await import('vite')
    const server = await createServer({
      root: folder,
      logLevel: 'error',
      configFile: false,
      server: { port: 0, host: '127.0.0.1', ws: false },
    })
    await server.listen()
    const tab = await browser.newPage()
    try {
      await tab.goto(server.resolvedUrls.local[0])
      const result = await tab.waitForFunction(() => globalThis.result, undefined, { timeout: 15_000 })
      assert.deepEqual(await result.jsonValue(), expected)
    } finally {
      await tab.close()
      await server.close()
      rmSync(join(folder, 'node_modules/.vite'), { recursive: true, force: true })
    }
  })
})
