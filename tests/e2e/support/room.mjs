// What the tests of one suite share: a browser, and the pages as they are served.

import { after, before } from 'node:test'
import { launch } from './browser.mjs'

/**
 * Makes the browser and what `sites` serve, each under its name, before the tests of the present suite, and ends all of it
 * afterwards. `options` are Playwright's for the browser.
 */
export function openRoom(sites, options) {
  const room = {
    browser: undefined,
    /** A context of its own for one test. */
    async context(t, given) {
      const context = await room.browser.newContext(given)
      t.after(() => context.close())
      return context
    },
  }
  before(async () => {
    const serving = Object.entries(sites).map(async ([name, serve]) => (room[name] = await serve()))
    ;[room.browser] = await Promise.all([launch(options), ...serving])
  })
  after(async () => {
    await room.browser?.close()
    for (const name of Object.keys(sites)) room[name]?.close()
  })
  return room
}
