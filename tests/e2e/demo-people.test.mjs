import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chip, openEvent } from './support/board.mjs'
import { openDesk } from './support/desk.mjs'
import { eventAt, untilIn } from './support/page.mjs'
import { until } from './support/until.mjs'

describe('the demo page', () => {
  const desk = openDesk()

  it('says who types in which field of an event, and when he stops', async (t) => {
    const { server, ana, ben } = await desk.openTwo(t)
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    await chip(ana, 'Stand-up').waitFor()
    await openEvent(ben, 'Stand-up')
    await openEvent(ana, 'Stand-up')
    await ana.getByTestId('also-editing').getByText('Ben is editing this event too').waitFor()
    // Who stops typing is not said to type for long: it is looked for before he does.
    const typing = ana.getByTestId('also-editing').getByText('Ben is typing: location').waitFor()
    await ben.getByTestId('field-location').pressSequentially('Roof')
    await typing
    await ana.getByTestId('cancel').click()
    const shown = chip(ana, 'Stand-up').locator('[data-testid="editing"][data-typing]').waitFor()
    await ben.getByTestId('field-location').press('e')
    await shown
    await chip(ana, 'Stand-up').locator('[data-testid="editing"]:not([data-typing])').waitFor()
    await ben.getByTestId('cancel').click()
    await chip(ana, 'Stand-up').getByTestId('editing').waitFor({ state: 'detached' })
  })

  it('has colleagues who can be switched on: they point, draw, type and move like people, and go home', async (t) => {
    const { server, page } = await desk.openOne(t, { query: { pace: '8' } })
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    const own = await server.events('demo')
    await page.evaluate(() => {
      // What the page is told of the colleagues, as it would be of anybody.
      globalThis.told = { cursor: new Set(), typing: new Set(), editing: new Set(), created: 0, updated: 0 }
      baro.on('user:cursor', ({ userId }) => globalThis.told.cursor.add(userId))
      baro.on('user:typing', ({ userId }) => globalThis.told.typing.add(userId))
      baro.on('user:editing', ({ userId }) => globalThis.told.editing.add(userId))
      baro.on('event:created', () => globalThis.told.created++)
      baro.on('event:updated', () => globalThis.told.updated++)
    })
    const switches = ['mina', 'theo'].map((key) => page.getByTestId(`colleague-${key}`))
    const switchPlaces = () => Promise.all(switches.map((one) => one.boundingBox()))
    const places = await switchPlaces()
    for (const one of switches) await one.setChecked(true)
    await untilIn(page, () => document.querySelector('[data-testid="active-users"]').dataset.count === '2')
    assert.deepEqual(await switchPlaces(), places, 'no switch moves away under a pointer when people come')
    await page.locator('.baro-cursor:visible').first().waitFor()
    await page.getByTestId('editing').first().waitFor()
    await untilIn(page, () => {
      const { cursor, typing, editing, created, updated } = globalThis.told
      return cursor.size === 2 && typing.size === 2 && editing.size === 2 && created >= 3 && updated >= 4
    })
    assert.equal(await server.metric('baro_connections'), 3, 'each has a connection of its own')

    for (const one of switches) await one.setChecked(false)
    await untilIn(page, () => document.querySelector('[data-testid="active-users"]').dataset.count === '0')
    const [kept] = (await server.events('demo')).filter(({ id }) => id === own[0].id)
    assert.deepEqual(kept, own[0], 'nobody else’s event was touched')
  })

  it('works by keyboard: projects, events, dialog and panel', async (t) => {
    const { server, page } = await desk.openOne(t)
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    await chip(page, 'Stand-up').waitFor()
    const focused = () =>
      page.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.className)

    const focusedOn = (wanted) =>
      until(`the focus is on ${wanted}`, async () => String(await focused()).includes(wanted))

    /** Presses Tab until the focus is there; all of the page is fewer steps than that. */
    const tabTo = async (wanted) => {
      for (let step = 0; step < 80; step++) {
        if (String(await focused()).includes(wanted)) return
        await page.keyboard.press('Tab')
      }
      assert.fail(`Tab never comes to ${wanted}`)
    }
    await tabTo('side-button')
    await tabTo('panel-button')
    await page.keyboard.press('Enter')
    await tabTo('tab-sync')
    await page.keyboard.press('ArrowRight')
    await focusedOn('tab-metrics')
    await page.keyboard.press('Escape')
    await page.getByTestId('panel').waitFor({ state: 'detached' })
    await focusedOn('panel-button')

    await tabTo('project-shown')
    await page.keyboard.press('Space')
    await chip(page, 'Stand-up').waitFor({ state: 'detached' })
    await page.keyboard.press('Space')
    await chip(page, 'Stand-up').waitFor()
    await tabTo('undo')
    await tabTo('fc-event')
    await page.keyboard.press('Enter')
    await page.getByTestId('dialog').waitFor()
    await focusedOn('field-title')
    await page.keyboard.press('Escape')
    await page.getByTestId('dialog').waitFor({ state: 'detached' })
    await focusedOn('fc-event')
  })
})
