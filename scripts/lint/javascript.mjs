// The checks of everything that is not Rust.

import { readFileSync } from 'node:fs'
import { mustRun } from '../base/command.mjs'
import { at } from '../base/paths.mjs'
import { pack } from '../pack.mjs'

const tool = (path, args) => mustRun('node', [at('node_modules', path), ...args])

/** Formatter. `mode` is `--check` or `--write`. */
export const prettier = (mode) => tool('prettier/bin/prettier.cjs', [mode, '--log-level', 'warn', '.'])

export const eslint = () => tool('eslint/bin/eslint.js', ['--max-warnings', '0', '.'])

export const typescript = () => tool('typescript/bin/tsc', ['-p', at('tsconfig.json')])

/** Does the published manifest name files that exist, in a form that every tool reads the same way? */
export const publint = () => tool('publint/src/cli.js', ['run', at('dist/package'), '--strict', '--pack', 'false'])

/**
 * Do the types of every entry say what its module is, for a bundler, for Node's modules and for its CommonJS? Resolution as it was
 * before `exports` is not asked for: no Node that the package runs on resolves that way.
 */
export async function attw() {
  const tarball = await pack()
  const { exports } = JSON.parse(readFileSync(at('pkg.json'), 'utf8'))
  const untyped = Object.keys(exports).filter((entry) => /\.(css|wasm)$/.test(entry))
  const exclude = ['--exclude-entrypoints', ...untyped.map((entry) => entry.slice(2))]
  await tool('@arethetypeswrong/cli/dist/index.js', [tarball, '--profile', 'node16', '--format', 'ascii', ...exclude])
}
