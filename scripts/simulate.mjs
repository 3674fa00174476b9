// `npm run simulate -- --seeds N [--seed S]`: the deterministic simulator. `-- --mutants`: with bugs planted in it.

import { buildCargoProgram, inForeground } from './base/cargo-program.mjs'
import { at } from './base/paths.mjs'
import { main } from './base/progress.mjs'
import { setUp } from './setup.mjs'

/** Where the build that holds the planted bugs is; it never meets the other one. */
export const mutantsBuild = { RUSTFLAGS: '--cfg mutants', CARGO_TARGET_DIR: at('target/mutants') }

await main(import.meta, async (flags) => {
  await setUp('server')
  const env = flags.includes('--mutants') ? mutantsBuild : {}
  return inForeground(await buildCargoProgram('simulate', 'simulation', env), flags)
})
