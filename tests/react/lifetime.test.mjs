import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connected, create, eventAt, settled, shows, untilIn } from '../e2e/support/page.mjs'
import { openProxy } from '../e2e/support/proxy.mjs'
import { openRoom } from '../e2e/support/room.mjs'
import { startServer } from '../e2e/support/server.mjs'
import { patience } from '../e2e/support/until.mjs'
import { servePage, versions } from './support/bundle.mjs'

for (const version of versions) {
  describe(`a provider of React ${version}`, () => {
    const room = openRoom({ site: () => servePage('events', version) })

    async function open(t, { config = {}, props } = {}) {
      const server = await startServer(t)
      const context = await room.context(t)
      const page = await context.newPage()
      page.setDefaultTimeout(patience)
      await page.goto(room.site.address)
      await untilIn(page, () => globalThis.ready)
      const network = await openProxy(t, server, 'pass')
      const given = { url: network.socket, projectId: 'mine', user: { id: 'ana' }, ...config }
      await page.evaluate(([one, more]) => globalThis.show(one, more), [given, props])
      return { server, network, page, given }
    }

    it('opens one socket in StrictMode, and shows what is written', async (t) => {
      const { server, network, page } = await open(t)
      await connected(page)
      await create(page, eventAt(9, 'Breakfast'))
      await page.getByText('Breakfast').waitFor()
      await settled(page)
      await shows(page, ['Breakfast'])
      assert.equal(await page.getByTestId('state').textContent(), 'connected')
      assert.equal(await server.metric('baro_connections'), 1)
      assert.equal(network.seen.upgrades, 1)
    })
  })
}
