// The demo page of one or two people, each on a server of its own test.

import { connected, openDemo, untilIn } from './page.mjs'
import { openRoom } from './room.mjs'
import { startServer } from './server.mjs'
import { serveDemo } from './site.mjs'

/** Prepares a browser and the page for the tests of the present suite. */
export function openDesk() {
  const room = openRoom({ site: serveDemo })

  async function open(t, server, user, { query, ...given } = {}) {
    const context = await room.context(t, { viewport: { width: 1440, height: 900 }, ...given })
    const page = await openDemo(context, room.site, server.socket, user, 'demo', query)
    await connected(page)
    return page
  }

  return {
    open,
    async openOne(t, given) {
      const server = await startServer(t)
      return { server, page: await open(t, server, 'Ana', given) }
    },
    /** Two people who see each other. */
    async openTwo(t) {
      const server = await startServer(t)
      const [ana, ben] = await Promise.all([open(t, server, 'Ana'), open(t, server, 'Ben')])
      await Promise.all([ana, ben].map((page) => untilIn(page, () => baro.getActiveUsers().size === 1)))
      return { server, ana, ben }
    },
  }
}
