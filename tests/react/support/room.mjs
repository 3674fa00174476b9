// A page of React, the server it talks to, and others who are there: pages without React.

import { openProxy } from '../../e2e/support/proxy.mjs'
import { connect, openBare, untilIn } from '../../e2e/support/page.mjs'
import { openRoom } from '../../e2e/support/room.mjs'
import { startServer } from '../../e2e/support/server.mjs'
import { serveBare } from '../../e2e/support/site.mjs'
import { patience } from '../../e2e/support/until.mjs'
import { servePage } from './bundle.mjs'

export const project = 'mine'

/** Makes the room of a suite: `pages/<name>.jsx` with a version of React, and the page for the others. */
export function openReactRoom(name, version) {
  const room = openRoom({ site: () => servePage(name, version), others: serveBare })

  return {
    /**
     * Starts a server and opens the page, which shows a calendar of Ana. `before` is run in it first; `options` are those of
     * the browser's context.
     */
    async open(t, { config = {}, props, before, options } = {}) {
      const server = await startServer(t)
      const network = await openProxy(t, server, 'pass')
      const context = await room.context(t, options)
      if (before) await context.addInitScript(before)
      const page = await context.newPage()
      page.setDefaultTimeout(patience)
      await page.goto(room.site.address)
      await untilIn(page, () => globalThis.ready)
      const given = {
        url: network.socket,
        projectId: project,
        user: { id: 'ana', name: 'Ana' },
        reconnect: { delay: 50, maxDelay: 200, maxAttempts: Infinity },
        ...config,
      }
      const show = (more = {}, otherProps = props ?? {}) =>
        page.evaluate(([one, other]) => globalThis.show(one, other), [{ ...given, ...more }, otherProps])
      if (props !== null) await show()
      return { server, network, context, page, show }
    },

    /** Somebody else on the same server, on a page of his own. */
    async join(t, server, id, name = id) {
      const context = await room.context(t)
      const config = { url: server.socket, projectId: project, user: { id, name, color: '#7c3aed' } }
      const page = await openBare(context, room.others, config)
      await connect(page)
      // What is told before the others are there is told to nobody.
      await untilIn(page, () => baro.getActiveUsers().has('ana'))
      return page
    },
  }
}

/** How often each part of the page was rendered. */
export const renders = (page) => page.evaluate(() => ({ ...globalThis.renders }))
