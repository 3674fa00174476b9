// `npm run bench -- <name> [flags]`: runs benches/<name>.mjs on the packed package. Without a name: says which there are.

import { existsSync, readdirSync } from 'node:fs'
import { inForeground } from './base/cargo-program.mjs'
import { CommandFailed } from './base/command.mjs'
import { at } from './base/paths.mjs'
import { main, say } from './base/progress.mjs'
import { pack } from './pack.mjs'

await main(import.meta, async ([name, ...flags]) => {
  const folder = at('benches')
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.mjs'))
        .map((file) => file.slice(0, -4))
    : []
  const known = names.length > 0 ? `There is: ${names.join(', ')}.` : 'benches/ holds none.'
  if (!name) {
    say(`npm run bench -- <name>. ${known}`)
    return 0
  }
  if (!names.includes(name)) throw new CommandFailed(`There is no benchmark "${name}". ${known}`)
  await pack()
  return inForeground(process.execPath, [at('benches', `${name}.mjs`), ...flags])
})
