// Takes the pictures of the demo page in docs/screenshots: at three widths, in both themes, and the conflict dialog. Needs the
// built page and the server, as the tests beside it:
//
//   node tests/e2e/record-screenshots.mjs

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../packaging/installed.mjs'
import { switchOffline } from './support/board.mjs'
import { launch } from './support/browser.mjs'
import { connected, openDemo, settled, untilIn } from './support/page.mjs'
import { startServer } from './support/server.mjs'
import { serveDemo } from './support/site.mjs'

const folder = join(repository, 'docs/screenshots')
const cleanUps = []
const t = { after: (cleanUp) => cleanUps.unshift(cleanUp) }

try {
  mkdirSync(folder, { recursive: true })
  const browser = await launch()
  t.after(() => browser.close())
  const site = await serveDemo()
  t.after(() => site.close())
  const server = await startServer(t)
  const open = async (user, width, height, colorScheme = 'light') => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
    const page = await openDemo(context, site, server.socket, user, 'demo', { pace: '2' })
    await connected(page)
    return page
  }
  const take = (page, name) => page.screenshot({ path: join(folder, `${name}.png`) })
  const inBothThemes = async (page, name) => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(300)
      await take(page, `${name}-${colorScheme}`)
    }
  }
  const colleagues = async (page, areAtWork) => {
    for (const key of ['mina', 'theo']) await page.getByTestId(`colleague-${key}`).setChecked(areAtWork)
  }

  const ana = await open('Ana', 1440, 900)
  await ana.getByTestId('add-sample').click()
  await ana.getByTestId('panel-button').click()
  await ana.getByTestId('tab-metrics').click()
  await colleagues(ana, true)
  await untilIn(ana, () => baro.getEvents().length >= 12)
  for (const [name, width, height] of [
    ['tablet', 768, 1024],
    ['phone', 360, 740],
  ]) {
    const page = await open('Ben', width, height)
    await page.getByTestId('event').first().waitFor()
    await page.waitForTimeout(1500)
    await inBothThemes(page, name)
    await page.context().close()
  }
  await inBothThemes(ana, 'desk')

  await colleagues(ana, false)
  await ana.getByTestId('settings').click()
  await ana.getByTestId('strategy').selectOption('manual')
  await connected(ana)
  const ben = await open('Ben', 768, 1024)
  await untilIn(ben, () => baro.getEvents().some(({ title }) => title === 'Design review'))
  await switchOffline(ana, true)
  const change = (page, changes) =>
    page.evaluate((given) => {
      const { id } = baro.getEvents().find(({ title }) => title === 'Design review')
      baro.updateEvent(id, given)
    }, changes)
  await change(ana, { title: 'Design review, second round', location: 'Library' })
  await change(ben, { title: 'Design critique', location: 'Online' })
  await settled(ben)
  await switchOffline(ana, false)
  await ana.locator('.baro-conflicts-waiting').click()
  await inBothThemes(ana, 'conflict')
} finally {
  for (const cleanUp of cleanUps) await cleanUp()
}
