// The program that every kind of page runs: refused before loading, working after it.

export const program = (specifier) => `
import init, { RealtimeCalendar } from '${specifier}'

async function run() {
  const refused = (() => {
    try {
      new RealtimeCalendar({ url: '/ws' })
    } catch (error) {
      return [error.name, error.code]
    }
  })()
  await Promise.all([init(), init()])
  const calendar = new RealtimeCalendar({ url: '/ws' })
  return { refused, state: calendar.getState() }
}

const tell = (result) => {
  if (globalThis.document) globalThis.result = result
  else globalThis.postMessage(result)
}
run().then(tell, (error) => tell({ error: error.message, code: error.code }))
`

export const expected = { refused: ['RealtimeError', 'not_initialized'], state: 'disconnected' }

export const page = (script) =>
  `<!doctype html><html lang="en"><title>page</title><script type="module" src="${script}"></script></html>`
