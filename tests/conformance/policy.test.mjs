import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { launch } from '../packaging/browser.mjs'
import { until } from '../e2e/support/until.mjs'
import { everything, refusing } from './support/everything.mjs'
import { configFor, openPage, servePage, showsIds, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { created } from './support/script.mjs'

const noon = { title: 'Ours', startDate: '2026-01-01T12:00:00Z', endDate: '2026-01-01T13:00:00Z', projectId: 'p' }

/** Collects what browsers report of violations. */
async function startCollector() {
  const reports = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    reports.push(JSON.parse(body))
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { reports, address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

describe('under a strict content security policy with Trusted Types', () => {
  let browser
  let collector
  before(async () => {
    ;[browser, collector] = await Promise.all([launch(), startCollector()])
  })
  after(async () => {
    await browser?.close()
    collector?.close()
  })

  it('everything works, and nothing is reported', async (t) => {
    const peer = await startPeer(t, refusing)
    const policy = [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      `connect-src 'self' ws://127.0.0.1:${peer.port}`,
      "worker-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
      `report-uri ${collector.address}`,
    ]
    const site = await servePage({
      headers: {
        'content-security-policy': policy.join('; '),
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      },
    })
    t.after(() => site.close())
    const page = await openPage(t, browser, site)
    const said = []
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && said.push(message.text()))
    await page.evaluate(async (config) => {
      globalThis.violations = []
      document.addEventListener('securitypolicyviolation', ({ violatedDirective }) =>
        globalThis.violations.push(violatedDirective),
      )
      makeCalendar({ ...config, offline: {}, windowEvents: true })
      await baro.connect()
    }, configFor(peer))
    await untilIn(page, () => baro.getMetrics().snapshots === 1)
    peer.last.send(...everything)
    await page.evaluate(async (data) => {
      const { id, persisted, confirmed } = baro.createEvent(data)
      await persisted
      await confirmed
      await baro.updateEvent(id, { title: 'Later' }).confirmed
      await baro.createEvent({ ...data, title: 'Refused' }).confirmed.catch(() => {})
      await baro.setCached('key', { a: 1 })
      await baro.getCached('key')
      baro.broadcastCursor({ x: 1, y: 1 })
      baro.sendSelection('title', [0, 1])
      await baro.send('echo', 1, { requireAck: true })
    }, noon)
    peer.last.reset()
    await untilIn(page, () => baro.getMetrics().connects === 2)
    peer.last.send(created(4, 'after'))
    await untilIn(page, () => baro.getEvent('after'))
    await page.evaluate(() => baro.destroy())
    assert.deepEqual([await page.evaluate(() => globalThis.violations), collector.reports], [[], []])
    assert.deepEqual(
      said.filter((text) => /policy|trusted|csp/i.test(text)),
      [],
    )

    // What the policy forbids is forbidden, and reported: or the above would say nothing.
    const thrown = await page.evaluate(() => {
      new Image().src = '/image.png'
      try {
        document.body.innerHTML = '<b>1</b>'
        return 'nothing'
      } catch (error) {
        return error.name
      }
    })
    assert.equal(thrown, 'TypeError')
    await untilIn(page, () => globalThis.violations.length === 2)
    await until('the reports', () => collector.reports.length >= 2)
  })

  it('a socket that the policy does not allow is a connection that fails, and no exception', async (t) => {
    const peer = await startPeer(t)
    const site = await servePage({
      headers: {
        'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
      },
    })
    t.after(() => site.close())
    const page = await openPage(t, browser, site)
    const reconnect = { delay: 10, maxAttempts: 2 }
    const code = await page.evaluate(
      (config) =>
        makeCalendar(config)
          .connect()
          .catch((error) => error.code),
      configFor(peer, { reconnect }),
    )
    assert.deepEqual([code, peer.attempts, await page.evaluate(() => uncaught)], ['max_attempts', 0, []])
    // Each attempt failed by itself; none had to be given up after a connect timeout.
    const kinds = await page.evaluate(() => baro.getTrace().map(({ kind }) => kind))
    assert.deepEqual(
      kinds.filter((kind) => ['closed', 'closing'].includes(kind)),
      ['closed', 'closed', 'closed'],
    )
    await showsIds(page, [])
  })
})
