import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { chip, openEvent, switchOffline } from './support/board.mjs'
import { openDesk } from './support/desk.mjs'
import { eventAt, settled } from './support/page.mjs'
import { startServer } from './support/server.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const sizes = [
  { width: 360, height: 740 },
  { width: 768, height: 1024 },
  { width: 1200, height: 800 },
  { width: 1440, height: 900 },
]

/** What axe-core finds wrong with what is open, in words. */
async function faults(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  // Half transparent text is no fault of the page at rest.
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))))
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run()
    // The calendar component names the cell of a day by its date; the events in it have names of their own.
    const isDay = ({ id }, { html }) => id === 'label-content-name-mismatch' && html.includes('role="gridcell"')
    return violations.flatMap((one) =>
      one.nodes.filter((node) => !isDay(one, node)).map(({ html }) => `${one.impact} ${one.id}: ${html}`),
    )
  })
}

/** Controls of which something lies outside of the window, or that are too small for a finger. */
const misplaced = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.header button, .toolbar button')]
      .filter((button) => {
        const { left, right, top, bottom, width, height } = button.getBoundingClientRect()
        const isOut = left < 0 || top < 0 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5
        return width > 0 && (isOut || Math.min(width, height) < 24)
      })
      .map((button) => button.dataset.testid ?? button.textContent),
  )

describe('the demo page looks right', () => {
  const desk = openDesk()

  for (const colorScheme of ['light', 'dark']) {
    it(`in the ${colorScheme} theme at every width, and axe-core finds nothing`, async (t) => {
      const server = await startServer(t)
      for (const [hour, title, projectId] of [
        [9, 'Stand-up', 'demo'],
        [10, 'Press call', 'demo.launch'],
        [13, 'Lunch', 'demo.office'],
      ]) {
        await server.rest('POST', '', eventAt(hour, title, { projectId, location: 'Room 1' }))
      }
      for (const viewport of sizes) {
        const page = await desk.open(t, server, 'Ana', { viewport, colorScheme, hasTouch: viewport.width < 600 })
        const where = `${viewport.width}, ${colorScheme}`
        await chip(page, 'Stand-up').first().waitFor()
        assert.deepEqual(await misplaced(page), [], where)
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), viewport.width, where)
        if (viewport.width >= 1100) await page.getByTestId('panel-button').click()
        assert.deepEqual(await misplaced(page), [], `${where}, with the panel`)
        assert.deepEqual(await faults(page), [], where)
        // The colours are those of the first view.
        if (colorScheme === 'light') {
          for (const view of await page.locator('[data-testid^="view-"]').all()) {
            await view.click()
            assert.deepEqual(await faults(page), [], `${where}, ${await view.textContent()}`)
          }
        }
        await page.close()
      }
    })
  }

  it('with whatever is open: side, panel, popovers, dialogs and a conflict, and axe-core finds nothing', async (t) => {
    const { server, ana, ben } = await desk.openTwo(t)
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    await chip(ana, 'Stand-up').waitFor()
    const found = {}
    const look = async (what) => {
      const faulty = await faults(ana)
      if (faulty.length > 0) found[what] = faulty
    }
    for (const part of ['settings', 'status', 'profile']) {
      await ana.getByTestId(part).click()
      await look(part)
      await ana.keyboard.press('Escape')
    }
    await ana.getByTestId('settings').click()
    await ana.getByTestId('strategy').selectOption('manual')
    await ana.getByTestId('panel-button').click()
    for (const tab of ['metrics', 'trace']) {
      await ana.getByTestId(`tab-${tab}`).click()
      await look(tab)
    }
    await openEvent(ben, 'Stand-up')
    await openEvent(ana, 'Stand-up')
    await look('dialog')
    await ana.getByTestId('cancel').click()
    await ben.getByTestId('cancel').click()

    await switchOffline(ana, true)
    const rename = (page, title) =>
      page.evaluate((to) => void baro.updateEvent(baro.getEvents()[0].id, { title: to }), title)
    await rename(ana, 'Daily')
    await ana.getByTestId('tab-sync').click()
    await look('queue')
    await rename(ben, 'Weekly')
    await settled(ben)
    await switchOffline(ana, false)
    await ana.locator('.baro-conflicts-waiting').click()
    await ana.locator('.baro-conflict-versions th').first().waitFor()
    await look('conflict')
    const heads = await ana.locator('.baro-conflict-versions th').evaluateAll((all) =>
      all.map((head) => {
        const text = document.createRange()
        text.selectNodeContents(head)
        return [head.textContent, new Set([...text.getClientRects()].map(({ top }) => top)).size]
      }),
    )
    assert.deepEqual(
      heads.filter(([, lines]) => lines > 1),
      [],
      'no name of a field is broken',
    )
    assert.deepEqual(found, {})
  })
})
