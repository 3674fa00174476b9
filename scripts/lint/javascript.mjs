// The checks of everything that is not Rust.

import { mustRun } from '../base/command.mjs'
import { at } from '../base/paths.mjs'

const tool = (path, args) => mustRun('node', [at('node_modules', path), ...args])

/** Formatter. `mode` is `--check` or `--write`. */
export const prettier = (mode) => tool('prettier/bin/prettier.cjs', [mode, '--log-level', 'warn', '.'])

export const eslint = () => tool('eslint/bin/eslint.js', ['--max-warnings', '0', '.'])

export const typescript = () => tool('typescript/bin/tsc', ['-p', at('tsconfig.json')])

/** Does the published manifest name files that exist, in a form that every tool reads the same way? */
export const publint = () => tool('publint/src/cli.js', ['run', at('dist/package'), '--strict', '--pack', 'false'])
