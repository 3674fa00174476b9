// `npm run format`: rewrites Rust and everything else that a formatter understands, as `npm run lint` wants it.

import { mustRun } from './base/command.mjs'
import { main, step } from './base/progress.mjs'
import { prettier } from './lint/javascript.mjs'
import { setUp } from './setup.mjs'

await main(import.meta, async () => {
  await setUp('lint')
  await step('rustfmt', () => mustRun('cargo', ['fmt', '--all']))
  await step('prettier', () => prettier('--write'))
})
