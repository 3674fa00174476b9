// `npm start`: builds everything and serves the demo page with the reference server, on SQLite below .data/.

import { mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { buildCargoProgram } from './base/cargo-program.mjs'
import { CommandFailed, start } from './base/command.mjs'
import { at } from './base/paths.mjs'
import { main, say, seconds } from './base/progress.mjs'
import { buildDemo } from './demo.mjs'
import { setUp } from './setup.mjs'

await main(import.meta, async (args) => {
  const { values } = parseArgs({
    args,
    options: { port: { type: 'string', default: '8787' }, host: { type: 'string', default: '127.0.0.1' } },
  })
  const began = performance.now()
  await setUp('build')
  await buildDemo()
  const server = await buildCargoProgram('baro-realtime-server', 'release')
  say(`Everything is built, ${seconds(performance.now() - began)}`)

  mkdirSync(at('.data'), { recursive: true })
  const flags = [
    '--listen',
    `${values.host}:${values.port}`,
    '--database',
    'sqlite:.data/baro.sqlite',
    '--auth',
    'none',
    '--serve',
    'www/dist',
  ]
  return serve(server, flags, values.port)
})

/** Runs the server until it ends or Ctrl-C comes; says where it is once it says so itself. */
function serve(server, flags, port) {
  return new Promise((resolve, reject) => {
    const child = start(server, flags, { stdio: ['ignore', 'pipe', 'inherit'], graceMs: 30_000 })
    let address
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (address) return say(line)
      address = JSON.parse(line).listening
      say(`\n  http://${address}/\n\nOpen it in two windows and move an event. Ctrl-C stops the server.`)
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (address || code === 0) return resolve(code ?? 0)
      reject(new CommandFailed(`The server did not start. If port ${port} is taken: npm start -- --port 8080`))
    })
  })
}
