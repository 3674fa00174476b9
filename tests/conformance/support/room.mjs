// What the tests of one file share: a browser, and the page as it is served.

import { openRoom as openSites } from '../../e2e/support/room.mjs'
import { openIn, servePage } from './page.mjs'

/**
 * Makes both before the tests of the present suite and ends them afterwards. `ignoreDefaultArgs` are Playwright's own
 * flags that have to go.
 */
export function openRoom({ ignoreDefaultArgs } = {}) {
  const room = openSites({ site: () => servePage() }, { ignoreDefaultArgs })
  room.page = async (t, path) => openIn(await room.context(t), room.site, path)
  return room
}
