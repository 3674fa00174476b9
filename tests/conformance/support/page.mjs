// A page that does nothing but load the packed package. In it `baro` is the calendar that was made last, and `heard`
// what it told, in order.

import { serve } from '../../packaging/browser.mjs'
import { installPackage } from '../../packaging/installed.mjs'
import { untilIn } from '../../e2e/support/page.mjs'
import { patience } from '../../e2e/support/until.mjs'

const program = `
// The module's memory, which the package shows to nobody.
for (const name of ['instantiate', 'instantiateStreaming']) {
  const original = WebAssembly[name]
  WebAssembly[name] = async (...given) => {
    const made = await original.apply(WebAssembly, given)
    globalThis.wasmMemory = (made.instance ?? made).exports.memory
    return made
  }
}
const { default: init, RealtimeCalendar } = await import('/node_modules/@baro-calendar/realtime/esm/index.js')

globalThis.listenerTypes = ['state-change', 'connected', 'disconnected', 'reconnecting', 'max-reconnect-attempts',
  'message', 'message-acknowledged', 'events-change', 'event:created', 'event:updated', 'event:deleted',
  'project:updated', 'user:joined', 'user:left', 'presence-change', 'user:cursor', 'user:typing', 'element:selected',
  'user:editing', 'conflict:detected', 'sync-status', 'sync-failure', 'storage-degraded', 'error']
globalThis.uncaught = []
addEventListener('error', (event) => uncaught.push(String(event.error ?? event.message)))
addEventListener('unhandledrejection', (event) => uncaught.push(String(event.reason)))

await init()
globalThis.RealtimeCalendar = RealtimeCalendar
globalThis.makeCalendar = (config) => {
  const calendar = new RealtimeCalendar(config)
  globalThis.baro = calendar
  globalThis.heard = []
  for (const type of listenerTypes) calendar.on(type, (...given) => heard.push([type, ...given]))
  return calendar
}
globalThis.ready = true
`

const html = (body) => `<!doctype html><meta charset="utf-8" /><title>Page</title>${body}`

/** Serves the page; `files` are served beside it. */
export const servePage = ({ headers, files } = {}) =>
  serve(
    installPackage({
      'page.js': program,
      'index.html': html('<script type="module" src="/page.js"></script>'),
      'away.html': html('<p>Elsewhere</p>'),
      ...files,
    }),
    headers,
  )

/** Opens the page in a context of its own. */
export async function openPage(t, browser, site, path = '/') {
  const context = await browser.newContext()
  t.after(() => context.close())
  return openIn(context, site, path)
}

/** Opens the page in this context. */
export async function openIn(context, site, path = '/') {
  const page = await context.newPage()
  page.setDefaultTimeout(patience)
  await page.goto(site.address + path)
  await untilIn(page, () => globalThis.ready)
  return page
}

/** What every calendar here is configured with; a test adds what it is about. */
export const configFor = (peer, more = {}) => ({
  url: peer.socket,
  projectId: 'p',
  user: { id: 'ana', name: 'Ana' },
  offline: false,
  // Here the socket is what is tried, and each calendar has its own.
  transports: ['websocket'],
  tabs: 'separate',
  reconnect: { delay: 50, maxDelay: 200, maxAttempts: Infinity },
  ...more,
})

/** Makes a calendar in the page, and connects it. */
export async function makeConnected(page, config) {
  await page.evaluate((given) => {
    makeCalendar(given)
    return baro.connect()
  }, config)
}

/** Waits until the page shows exactly the events of these ids. */
export const showsIds = (page, ids) =>
  untilIn(
    page,
    (wanted) =>
      baro
        .getEvents()
        .map(({ id }) => id)
        .sort()
        .join() === wanted,
    [...ids].sort().join(),
  )

/** The states that the calendar went through, as far as it told. */
export const states = (page) =>
  page.evaluate(() => heard.filter(([type]) => type === 'state-change').map(([, state]) => state))

export { untilIn }
