// `npm run fuzz -- <target> [--seconds N] [--seed S]`: searches for an input that shows something wrong; without a target,
// which there are. `npm run fuzz -- <target> <file> …`: these inputs.
//
// With cargo-fuzz installed (`cargo install cargo-fuzz`) libFuzzer searches, by what an input reaches. Without a
// sanitizer: there is no unsafe code here, and so the compiler that builds everything else will do. Without cargo-fuzz
// the committed corpus is mutated blindly.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildCargoProgram, inForeground } from './base/cargo-program.mjs'
import { hasProgram } from './base/command.mjs'
import { at, cacheDir } from './base/paths.mjs'
import { main, say } from './base/progress.mjs'
import { setUp } from './setup.mjs'

const longestInput = 16 * 1024

await main(import.meta, async (args) => {
  const options = { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } }
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const [target, ...files] = positionals
  await setUp('server')
  if (target !== undefined && files.length === 0 && hasProgram('cargo-fuzz')) return search(target, values)
  if (target !== undefined && files.length === 0) say('cargo-fuzz is not installed: this mutates the corpus blindly.')
  const flags = files.length > 0 || target === undefined ? files : ['--seconds', values.seconds, '--seed', values.seed]
  return inForeground(await buildCargoProgram('baro-fuzz', 'simulation'), target ? [target, ...flags] : [])
})

function search(target, { seconds, seed }) {
  // What libFuzzer finds worth keeping is kept between runs, but not committed.
  const found = join(cacheDir, 'fuzz', target)
  mkdirSync(found, { recursive: true })
  const fuzzer = [`-max_total_time=${seconds}`, `-seed=${seed}`, `-max_len=${longestInput}`, '-timeout=10']
  const corpora = [found, at('fuzz/corpus', target)]
  const build = ['--fuzz-dir', at('fuzz'), '--sanitizer', 'none']
  return inForeground('cargo', ['fuzz', 'run', ...build, target, ...corpora, '--', ...fuzzer])
}
