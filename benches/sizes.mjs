// What each entry of the package adds to a page, and beside it what others take for what they do: every one bundled and
// minified by esbuild for browsers, with a single line that exports what a program would use, each file compressed as a
// server sends it. Of an entry that needs the core, what it adds to a page that has the core; its peers are the program's.
// `npm run bench -- sizes`

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { entriesOf, installPackage, packageIn, peersOf, repository, versionOf } from '../tests/packaging/installed.mjs'

const name = '@baro-calendar/realtime'
const folder = installPackage()
const peers = peersOf(folder)
const wasm = readFileSync(join(packageIn(folder), 'baro_realtime_bg.wasm'))

/** Bundles one line. `without` are files that the page is supposed to have; `inputs` are those that went in. */
async function bundle(line, resolveDir, without = new Set()) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: line, resolveDir },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    outdir: '/bundle',
    absWorkingDir: resolveDir,
    external: peers.flatMap((peer) => [peer, `${peer}/*`]),
    write: false,
    metafile: true,
    logLevel: 'error',
    plugins: [
      {
        name: 'what is there',
        setup({ onResolve, resolve }) {
          onResolve({ filter: /^\.\.?\// }, async ({ path, resolveDir: from, kind, pluginData }) => {
            if (pluginData === 'found' || without.size === 0) return undefined
            const found = await resolve(path, { resolveDir: from, kind, pluginData: 'found' })
            return without.has(found.path) ? { path: found.path, external: true } : undefined
          })
        },
      },
    ],
  })
  const inputs = new Set(Object.keys(metafile.inputs).map((path) => join(resolveDir, path)))
  return { files: outputFiles.map(({ contents }) => contents), inputs }
}

function weigh(files) {
  const sum = (compress) => files.reduce((total, bytes) => total + compress(bytes).length, 0)
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  return [
    sum((bytes) => bytes),
    sum((bytes) => gzipSync(bytes, { level: 9 })),
    sum((bytes) => brotliCompressSync(bytes, quality)),
  ]
}

const rows = []
const add = (what, files) => rows.push([what, ...weigh(files)])

const classes = '{ init, RealtimeCalendar }'
const whole = await bundle(`export ${classes} from '${name}'`, folder)
add(`${name}, WebAssembly included`, whole.files)
const slim = await bundle(`export ${classes} from '${name}/slim'`, folder)
add(`${name}/slim and its .wasm`, [...slim.files, wasm])
add(`${name}/slim, JavaScript alone`, slim.files)
const variants = [name, `${name}/inline`, `${name}/slim`]
for (const entry of entriesOf(folder).filter((one) => !variants.includes(one))) {
  add(`  added by ${entry}`, (await bundle(`export * from '${entry}'`, folder, whole.inputs)).files)
}

const others = {
  'socket.io-client': "export { io } from 'socket.io-client'",
  'yjs, y-websocket, y-indexeddb':
    "export * as Y from 'yjs'; export { WebsocketProvider } from 'y-websocket'; export { IndexeddbPersistence } from 'y-indexeddb'",
  '@liveblocks/client': "export { createClient } from '@liveblocks/client'",
  replicache: "export { Replicache } from 'replicache'",
}
for (const [what, line] of Object.entries(others)) {
  const named = what.split(', ').map((one) => `${one} ${versionOf(one)}`)
  add(named.join(', '), (await bundle(line, repository)).files)
}

const width = Math.max(...rows.map(([what]) => what.length))
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9)
console.log(`${''.padEnd(width)}   minified      gzip    brotli`)
for (const [what, ...bytes] of rows) console.log(`${what.padEnd(width)}  ${bytes.map(kilobytes).join(' ')}`)
