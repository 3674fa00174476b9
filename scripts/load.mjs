// `npm run load -- <flags>`: the load generator against a running server.

import { buildCargoProgram, inForeground } from './base/cargo-program.mjs'
import { main } from './base/progress.mjs'
import { setUp } from './setup.mjs'

await main(import.meta, async (flags) => {
  await setUp('server')
  return inForeground(await buildCargoProgram('load', 'release'), flags)
})
