// Records what `getTrace()` tells of a calendar in Chromium whose server is killed in the middle and comes back, for
// the replay in tests/simulation. Needs the packed package and the server, as the tests beside it:
//
//   node tests/e2e/record-trace.mjs > tests/simulation/traces/killed-server.json

import { launch } from './support/browser.mjs'
import { connect, connected, create, eventAt, openBare, settled, untilIn } from './support/page.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'

const cleanUps = []
const t = { after: (cleanUp) => cleanUps.unshift(cleanUp) }

try {
  const browser = await launch()
  t.after(() => browser.close())
  const site = await serveBare()
  t.after(() => site.close())
  const server = await startServer(t)
  const config = {
    url: server.socket,
    projectId: 'mine',
    user: { id: 'ana' },
    auth: { token: 'a secret' },
    reconnect: { delay: 100, maxDelay: 1_000, maxAttempts: 1_000 },
  }
  const page = await openBare(await browser.newContext(), site, config)
  const peer = await openBare(await browser.newContext(), site, { ...config, user: { id: 'ben' } })
  await Promise.all([connect(page), connect(peer)])
  await page.evaluate(() => baro.subscribe('calendar:week'))

  const ids = []
  for (let nth = 0; nth < 4; nth++) ids.push(await create(page, eventAt(9 + nth, `Mine ${nth}`), { stored: true }))
  await create(peer, eventAt(8, 'Theirs'), { stored: true })
  await settled(page)
  await page.evaluate(() => baro.send('unknown', { some: 'thing' }, { requireAck: true }).catch(() => {}))

  await server.kill()
  await untilIn(page, () => baro.getState() === 'reconnecting')
  await page.evaluate(async ([one, two]) => {
    await baro.updateEvent(one, { title: 'Written without a server' }).persisted
    await baro.deleteEvent(two).persisted
  }, ids)
  // Some attempts fail.
  await untilIn(page, () => baro.getMetrics().attempts >= 4)
  await server.start()
  await Promise.all([connected(page), connected(peer)])
  await settled(page)
  await create(peer, eventAt(7, 'Theirs, later'), { stored: true })
  await untilIn(page, () => baro.getEvents().length === 5)
  const trace = await page.evaluate(async () => {
    baro.disconnect()
    await new Promise((resolve) => setTimeout(resolve, 20))
    return baro.getTrace()
  })

  if (trace[0].kind !== 'started') throw new Error('The calendar took more steps than it keeps.')
  const steps = trace.map((step) => `    ${JSON.stringify(step)}`).join(',\n')
  const given = { ...config, url: 'ws://server/ws', auth: { token: '…' } }
  process.stdout.write(`{\n  "config": ${JSON.stringify(given)},\n  "trace": [\n${steps}\n  ]\n}\n`)
} finally {
  for (const cleanUp of cleanUps) await cleanUp()
}
