// What the tests of one file share: a browser, and the page as it is served.

import { after, before } from 'node:test'
import { chromium } from 'playwright-core'
import { flags } from '../../packaging/browser.mjs'
import { openPage, servePage } from './page.mjs'

/**
 * Makes both before the tests of the present suite and ends them afterwards. `ignoreDefaultArgs` are Playwright's own
 * flags that have to go; the rest is about the page.
 */
export function openRoom({ ignoreDefaultArgs, ...options } = {}) {
  const room = {
    browser: undefined,
    site: undefined,
    page: (t, path) => openPage(t, room.browser, room.site, path),
  }
  before(async () => {
    ;[room.browser, room.site] = await Promise.all([
      chromium.launch({ executablePath: '/usr/bin/chromium', args: flags, ignoreDefaultArgs }),
      servePage(options),
    ])
  })
  after(async () => {
    await room.browser?.close()
    room.site?.close()
  })
  return room
}
