// `npm run simulate -- --seeds N [--seed S]`: the deterministic simulator.

import { buildCargoProgram, inForeground } from './base/cargo-program.mjs'
import { main } from './base/progress.mjs'
import { setUp } from './setup.mjs'

await main(import.meta, async (flags) => {
  await setUp('server')
  return inForeground(await buildCargoProgram('simulate', 'simulation'), flags)
})
