// `npm run lint`: every check that needs no test to run. Goes on after a failure, and names all of them at the end.

import { CommandFailed, mustRun } from './base/command.mjs'
import { main, say, step } from './base/progress.mjs'
import { build } from './build.mjs'
import { writeRustdoc } from './docs.mjs'
import { measureSizes, overBudget, sizeTable } from './build/sizes.mjs'
import { attw, eslint, prettier, publint, typescript } from './lint/javascript.mjs'
import { findPersonalText } from './lint/text.mjs'
import { wasmEnvironment, wasmTarget } from './setup/rust.mjs'
import { setUp } from './setup.mjs'

const strict = ['--', '-D', 'warnings']

const checks = {
  rustfmt: () => mustRun('cargo', ['fmt', '--all', '--check']),
  prettier: () => prettier('--check'),
  eslint,
  typescript,
  'paths of one machine': noPersonalText,
  'clippy, native': () => mustRun('cargo', ['clippy', '--workspace', '--all-targets', ...strict]),
  'clippy, wasm': () =>
    mustRun('cargo', ['clippy', '-p', 'baro-realtime', '--all-targets', '--target', wasmTarget, ...strict], {
      env: wasmEnvironment(),
    }),
  rustdoc: writeRustdoc,
  package: () => build(),
  publint,
  attw,
  'size budget': withinBudget,
}

async function noPersonalText() {
  const found = await findPersonalText()
  if (found.length > 0) throw new CommandFailed(found.join('\n'))
}

function withinBudget() {
  const rows = measureSizes()
  say(sizeTable(rows))
  const over = overBudget(rows)
  if (over.length > 0)
    throw new CommandFailed(
      `Over budget: ${over.map((row) => row.name).join('; ')}. The budget is scripts/size-budget.json.`,
    )
}

await main(import.meta, async (names) => {
  const unknown = names.filter((name) => !Object.hasOwn(checks, name))
  if (unknown.length > 0)
    throw new CommandFailed(`There is no check '${unknown.join("', '")}'; there are ${Object.keys(checks).join('; ')}.`)
  await setUp('lint')
  const failed = []
  for (const name of names.length > 0 ? names : Object.keys(checks)) {
    try {
      await step(name, async () => void (await checks[name]()))
    } catch (error) {
      failed.push(name)
      say(error instanceof CommandFailed ? error.message : error.stack)
    }
  }
  say(failed.length === 0 ? 'lint: nothing to complain about' : `lint: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
})
