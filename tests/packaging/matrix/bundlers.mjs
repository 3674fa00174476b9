// Bundlers without a word of configuration, each with the same page.

import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open, read } from '../browser.mjs'
import { entriesOf, versionOf } from '../installed.mjs'
import { expected, page, program } from '../program.mjs'

/** Opens what was built; the page has to come to what is expected, with every entry of the package. */
async function opens({ browser, folder }, out) {
  assert.deepEqual(await open(browser, out), { ...expected, entries: entriesOf(folder) })
}

const timed = async (work) => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** Builds with webpack, and fails for a warning as well. Returns what was made and how long it took. */
async function bundleWithWebpack(context, mode) {
  const { default: bundle } = await import('webpack')
  const out = join(context, `out-webpack-${mode}`)
  let stats
  const buildMs = await timed(async () => {
    stats = await new Promise((resolve, reject) =>
      bundle({ mode, context, entry: './main.js', output: { path: out } }, (error, done) =>
        error ? reject(error) : resolve(done),
      ),
    )
  })
  const { errors, warnings, assets } = stats.toJson({ all: false, errors: true, warnings: true, assets: true })
  assert.deepEqual(errors, [])
  assert.deepEqual(
    warnings.filter(({ message }) => !/size limit|code-splitting/.test(message)),
    [],
  )
  writeFileSync(join(out, 'index.html'), page('/main.js'))
  return { out, buildMs, assets: assets.map(({ name }) => name) }
}

const webpack = (mode) => async (room) => {
  const { out, buildMs, assets } = await bundleWithWebpack(room.folder, mode)
  assert.ok(assets.length >= 2, 'the WebAssembly lies in a chunk of its own')
  await opens(room, out)
  return buildMs
}

const quiet = (folder) => ({ root: folder, logLevel: 'error', configFile: false })

async function viteBuild(room) {
  const { build } = await import('vite')
  const out = join(room.folder, 'out-vite')
  const buildMs = await timed(() => build({ ...quiet(room.folder), build: { outDir: out } }))
  await opens(room, out)
  return buildMs
}

async function viteDevelopment({ browser, folder }) {
  const { createServer } = await import('vite')
  const server = await createServer({ ...quiet(folder), server: { port: 0, host: '127.0.0.1', ws: false } })
  try {
    await server.listen()
    const result = await read(browser, server.resolvedUrls.local[0])
    assert.deepEqual(result, { ...expected, entries: entriesOf(folder) })
  } finally {
    await server.close()
    rmSync(join(folder, 'node_modules/.vite'), { recursive: true, force: true })
  }
}

async function esbuild(room) {
  const { build } = await import('esbuild')
  const out = join(room.folder, 'out-esbuild')
  // Splitting is what esbuild calls a chunk for what is imported later.
  const options = { bundle: true, format: 'esm', splitting: true, minify: true, logLevel: 'silent' }
  const buildMs = await timed(() =>
    build({ ...options, absWorkingDir: room.folder, entryPoints: ['main.js'], outdir: out }),
  )
  writeFileSync(join(out, 'index.html'), page('/main.js'))
  await opens(room, out)
  return buildMs
}

const named = '@baro-calendar/realtime/baro_realtime_bg.wasm'

/** A folder with a page that hosts the file itself; the package is found in the folder above. */
function writeSlim({ folder }, tool, options) {
  const place = join(folder, `slim-${tool}`)
  mkdirSync(place)
  writeFileSync(join(place, 'main.js'), program('@baro-calendar/realtime/slim', options))
  writeFileSync(join(place, 'index.html'), page('/main.js'))
  return place
}

async function slimWithWebpack(room) {
  const place = writeSlim(room, 'webpack', { source: `new URL('${named}', import.meta.url)` })
  const { out, buildMs, assets } = await bundleWithWebpack(place, 'production')
  assert.ok(
    assets.some((name) => name.endsWith('.wasm')),
    'the file is an asset',
  )
  assert.deepEqual(await open(room.browser, out), expected)
  return buildMs
}

async function slimWithVite({ browser, folder }) {
  const place = writeSlim({ folder }, 'vite', { imports: `import address from '${named}?url'`, source: 'address' })
  const { build } = await import('vite')
  const out = join(place, 'out')
  const buildMs = await timed(() => build({ ...quiet(place), build: { outDir: out } }))
  assert.deepEqual(await open(browser, out), expected)
  return buildMs
}

const row = (tool, name, way, run) => ({ tool, version: versionOf(name), isPinned: true, way, run })

export const bundlers = [
  row('Vite', 'vite', '`vite build`', viteBuild),
  row('Vite', 'vite', '`vite dev`', viteDevelopment),
  row('Vite', 'vite', '`slim` with `?url`', slimWithVite),
  row('webpack', 'webpack', 'production', webpack('production')),
  row('webpack', 'webpack', 'development', webpack('development')),
  row('webpack', 'webpack', '`slim` with `new URL`', slimWithWebpack),
  row('esbuild', 'esbuild', '`--bundle --format=esm --splitting`', esbuild),
]
