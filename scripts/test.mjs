// `npm test`: all layers; `npm test -- --only <layer>`: one of them. The last line is the sum.

import { parseArgs } from 'node:util'
import { CommandFailed } from './base/command.mjs'
import { main, say, seconds } from './base/progress.mjs'
import { setUp } from './setup.mjs'
import { add, none } from './test/counting.mjs'
import { layers } from './test/layers.mjs'

await main(import.meta, async (args) => {
  const { values } = parseArgs({ args, options: { only: { type: 'string', multiple: true } } })
  const names = values.only ?? Object.keys(layers)
  const unknown = names.find((name) => !layers[name])
  if (unknown) throw new CommandFailed(`There is no layer "${unknown}". There is: ${Object.keys(layers).join(', ')}.`)

  await setUp('test')
  const report = []
  let total = none
  for (const name of names) {
    const began = performance.now()
    say(`\n── ${name}`)
    const counts = await layers[name]().catch((error) => {
      say(error instanceof CommandFailed ? error.message : error.stack)
      return { ...none, failed: 1 }
    })
    total = add(total, counts)
    report.push([name, counts, seconds(performance.now() - began)])
  }

  say('')
  for (const [name, { passed, failed, skipped }, time] of report) {
    say(`${name.padEnd(11)} ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}, ${time}`)
  }
  say(`\n${total.passed} passed, ${total.failed} failed`)
  return total.failed > 0 ? 1 : 0
})
