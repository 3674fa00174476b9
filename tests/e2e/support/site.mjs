// The pages, served apart from the calendar's server so that a page can be loaded while that is away.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serve } from '../../packaging/browser.mjs'
import { installPackage, packageIn, repository } from '../../packaging/installed.mjs'

export const demoFolder = process.env.BARO_DEMO ?? join(repository, 'www/dist')

const page = (entry, source) => `<!doctype html>
<meta charset="utf-8" />
<title>Bare page</title>
<script type="module">
  import init, { RealtimeCalendar } from '/node_modules/@baro-calendar/realtime/esm/${entry}.js'
  globalThis.init = () => init(${source})
  await globalThis.init()
  // Everything that a calendar says, in order, for the tests to read.
  const types = ['state-change', 'connected', 'disconnected', 'events-change', 'event:created', 'event:updated',
    'event:deleted', 'message', 'message-acknowledged', 'conflict:detected', 'conflict:resolved', 'sync-failure',
    'storage-degraded', 'error']
  globalThis.RealtimeCalendar = RealtimeCalendar
  globalThis.makeCalendar = (config) => {
    const calendar = new RealtimeCalendar(config)
    globalThis.baro = calendar
    globalThis.heard = []
    for (const type of types) calendar.on(type, (...given) => heard.push([type, ...given]))
    return calendar
  }
  globalThis.ready = true
</script>
`

/** The demo page as it is built. */
export const serveDemo = () => serve(demoFolder)

/**
 * A page that does nothing but load the packed package, without a bundler. With `change`, it loads what that makes of the
 * package's module.
 */
export function serveBare(change) {
  if (change === undefined) return serve(installPackage({ 'index.html': page('index', '') }))
  const folder = installPackage({ 'index.html': page('slim', "'/changed.wasm'") })
  const module = readFileSync(join(packageIn(folder), 'baro_realtime_bg.wasm'))
  writeFileSync(join(folder, 'changed.wasm'), change(module))
  return serve(folder)
}
