// The program that every kind of page runs: refused before loading, working after it.

/**
 * The text of the program as a module. `specifier` names the package, `imports` are further lines of its head, `source` is what
 * `init` is called with, and `entries` are modules that are imported as well and have to export something.
 */
export const program = (specifier, { imports = '', source = '', entries } = {}) => `
import init, { RealtimeCalendar } from '${specifier}'
${imports}

async function run() {
  const refused = (() => {
    try {
      new RealtimeCalendar({ url: '/ws' })
    } catch (error) {
      return [error.name, error.code]
    }
  })()
  await Promise.all([init(${source}), init(${source})])
  const calendar = new RealtimeCalendar({ url: '/ws' })
  const result = { refused, state: calendar.getState() }
  await calendar.destroy()
  return ${entries ? `{ ...result, entries: (await import('${entries}')).filled }` : 'result'}
}

const tell = (result) => {
  if (globalThis.document) globalThis.result = result
  else globalThis.postMessage(result)
}
run().then(tell, (error) => tell({ error: error.message, code: error.code }))
`

export const expected = { refused: ['RealtimeError', 'not_initialized'], state: 'disconnected' }

/** A module whose `filled` names those of the entries that export anything. */
export const entriesModule = (entries) => `
${entries.map((entry, index) => `import * as entry${index} from '${entry}'`).join('\n')}

export const filled = Object.entries({ ${entries.map((entry, index) => `'${entry}': entry${index}`).join(', ')} })
  .filter(([, module]) => Object.keys(module).length > 0)
  .map(([name]) => name)
`

export const page = (script) =>
  `<!doctype html><html lang="en"><title>page</title><script type="module" src="${script}"></script></html>`
