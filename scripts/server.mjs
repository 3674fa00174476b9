// `npm run server -- <flags>`: the reference server, built for use. Its standard output is the server's own.

import { buildCargoProgram, inForeground } from './base/cargo-program.mjs'
import { main, sayOnStandardError } from './base/progress.mjs'
import { setUp } from './setup.mjs'

await main(import.meta, async (flags) => {
  sayOnStandardError()
  await setUp('server')
  return inForeground(await buildCargoProgram('baro-realtime-server', 'release'), flags)
})
