// What no compiler looks at: nothing in the repository may depend on one person's machine.

import { readFileSync } from 'node:fs'
import { mustRun } from '../base/command.mjs'
import { at } from '../base/paths.mjs'

// Folders that exist only where somebody works, spelt so that this file does not find itself.
const personal = new RegExp(
  ['home/[a-z]', 'root/', 'Users/[A-Za-z]', 'tmp/[a-z]', 'work/'].map((path) => `(?<![\\w.)}-])/${path}`).join('|'),
)
const binary = /\.(png|ico|woff2?|wasm|sqlite|gz|tgz)$/
const lockedElsewhere = /"resolved":\s*"(?!https:\/\/registry\.npmjs\.org\/)/

/** Every tracked line that names a path of one machine, or a lock that names one registry. */
export async function findPersonalText() {
  const { stdout } = await mustRun('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  const found = []
  for (const name of stdout.split('\0')) {
    if (!name || binary.test(name)) continue
    const text = read(at(name))
    const pattern = name.endsWith('package-lock.json') ? lockedElsewhere : personal
    text.split('\n').forEach((line, index) => {
      if (pattern.test(line)) found.push(`${name}:${index + 1}: ${line.trim().slice(0, 120)}`)
    })
  }
  return found
}

// A file can be listed and gone when somebody has just deleted it.
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
