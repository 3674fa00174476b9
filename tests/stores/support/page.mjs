// A page of these tests, opened, with a calendar in it.

import { untilIn } from '../../e2e/support/page.mjs'
import { patience } from '../../e2e/support/until.mjs'

/** Opens the page and makes its calendar, unless there is no `config`. What the page complains about is in `said`. */
export async function openPage(context, site, config) {
  const page = await context.newPage()
  page.setDefaultTimeout(patience)
  page.said = []
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) page.said.push(message.text())
  })
  page.on('pageerror', (error) => page.said.push(error.message))
  await page.goto(site.address)
  await untilIn(page, () => globalThis.ready)
  if (config) await page.evaluate((given) => void globalThis.makeCalendar(given), config)
  return page
}
