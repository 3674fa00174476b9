import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chip, drawEvent, renameEvent, switchOffline } from './support/board.mjs'
import { openDesk } from './support/desk.mjs'
import { eventAt, settled, untilIn } from './support/page.mjs'
import { until } from './support/until.mjs'

describe('the demo page shows', () => {
  const desk = openDesk()

  const openPanel = async (page, tab) => {
    await page.getByTestId('panel-button').click()
    await page.getByTestId(`tab-${tab}`).click()
  }

  const chooseStrategy = async (page, name) => {
    const former = await page.evaluateHandle(() => baro)
    await page.getByTestId('settings').click()
    await page.getByTestId('strategy').selectOption(name)
    // It takes another calendar, and the former one answers no question any more.
    await untilIn(page, (ended) => baro !== ended && baro.isConnected(), former)
  }

  it('three versions of an event that two changed, and saves what is chosen of each', async (t) => {
    const { server, ana, ben } = await desk.openTwo(t)
    await chooseStrategy(ana, 'manual')
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo', location: 'Room 1' }))
    await Promise.all([chip(ana, 'Stand-up').waitFor(), chip(ben, 'Stand-up').waitFor()])

    await switchOffline(ana, true)
    const change = (page, changes) =>
      page.evaluate((given) => void baro.updateEvent(baro.getEvents()[0].id, given), changes)
    await change(ana, { title: 'Daily', location: 'Roof' })
    await change(ben, { title: 'Morning round', location: 'Library' })
    await settled(ben)
    await switchOffline(ana, false)

    await ana.getByRole('button', { name: '1 event has two versions' }).click()
    const dialog = ana.getByRole('dialog', { name: 'Two versions' })
    await dialog.locator('tr[data-field]').nth(1).waitFor()
    const versions = await dialog
      .locator('tr[data-field]')
      .evaluateAll((rows) =>
        rows.map((row) => [
          row.dataset.field,
          ...['before', 'mine', 'theirs'].map((side) => row.querySelector(`td[data-side="${side}"]`).textContent),
        ]),
      )
    assert.deepEqual(versions.sort(), [
      ['location', 'Room 1', 'Roof', 'Library'],
      ['title', 'Stand-up', 'Daily', 'Morning round'],
    ])
    // Put off, it waits, and the calendar shows the own version.
    await dialog.getByRole('button', { name: 'Decide later' }).click()
    await chip(ana, 'Daily').waitFor()
    await ana.getByRole('button', { name: '1 event has two versions' }).click()
    await dialog.locator('tr[data-field="title"] td[data-side="theirs"] input').check()
    await dialog.locator('tr[data-field="location"] td[data-side="mine"] input').check()
    await dialog.getByRole('button', { name: 'Save' }).click()

    for (const page of [ana, ben]) await chip(page, 'Morning round').filter({ hasText: 'Roof' }).waitFor()
    await ana.locator('.conflict-bar').waitFor({ state: 'detached' })
    const [{ title, location }] = await server.events('demo')
    assert.deepEqual([title, location], ['Morning round', 'Roof'])
  })

  it('a deletion that met a change as a question, and keeps the event if that is the answer', async (t) => {
    const { server, ana, ben } = await desk.openTwo(t)
    await chooseStrategy(ana, 'manual')
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    await Promise.all([chip(ana, 'Stand-up').waitFor(), chip(ben, 'Stand-up').waitFor()])
    await switchOffline(ana, true)
    await renameEvent(ana, 'Stand-up', 'Daily')
    await ben.evaluate(() => baro.deleteEvent(baro.getEvents()[0].id).confirmed)
    await switchOffline(ana, false)
    await ana.locator('.baro-conflicts-waiting').click()
    await ana.getByRole('button', { name: 'Keep yours' }).click()
    await Promise.all([chip(ana, 'Daily').waitFor(), chip(ben, 'Daily').waitFor()])
    assert.deepEqual(
      (await server.events('demo')).map(({ title }) => title),
      ['Daily'],
    )
  })

  it('what the slow network holds back, and counts its delay', async (t) => {
    const { ana, ben } = await desk.openTwo(t)
    await ana.getByTestId('status').click()
    await ana.getByTestId('network-slow').click()
    await ana.keyboard.press('Escape')
    // What is held back does not wait for long: it is looked for before it is written.
    await Promise.all([
      chip(ana, 'Held').and(ana.locator('[data-pending]')).waitFor(),
      drawEvent(ana, 2, 10, 11, 'Held'),
    ])
    await chip(ben, 'Held').waitFor()
    await settled(ana)
    const { max } = await ana.evaluate(() => baro.getMetrics().decisionMs)
    assert.ok(max >= 800, `400 ms there and 400 back took ${max}`)
    assert.deepEqual(await ana.evaluate(() => [baro.isConnected(), baro.getMetrics().reconnects]), [true, 0])

    // Order is kept when the line becomes quick again.
    await ana.evaluate(() => {
      for (const title of ['One', 'Two', 'Three']) baro.updateEvent(baro.getEvents()[0].id, { title })
    })
    await ana.getByTestId('status').click()
    await ana.getByTestId('network-full').click()
    await ana.keyboard.press('Escape')
    await chip(ben, 'Three').waitFor()
    await settled(ana)
    await chip(ana, 'Three').waitFor()
  })

  it('the queue as it grows offline and drains', async (t) => {
    const { server, page } = await desk.openOne(t)
    await switchOffline(page, true)
    await drawEvent(page, 2, 10, 11, 'First')
    await drawEvent(page, 3, 10, 11, 'Second')
    await page.getByTestId('sync-progress').getByText('Waiting for a connection').waitFor()
    await page.getByTestId('sync-details').click()
    const rows = page.getByTestId('queue').locator('li')
    await until('both are listed', async () => (await rows.count()) === 2)
    assert.match(await page.getByTestId('queue-progress').textContent(), /^0 of 2 done, 0%/)
    await switchOffline(page, false)
    await page.getByText('Everything has reached the server.').waitFor()
    assert.equal((await server.events('demo')).length, 2)
  })

  it('edits that were given up, tries them again and discards them', async (t) => {
    const { server, page } = await desk.openOne(t)
    const made = await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    await chip(page, 'Stand-up').waitFor()
    /** Renames offline what is deleted meanwhile. */
    const fail = async (title, next) => {
      await switchOffline(page, true)
      await renameEvent(page, title, next)
      await server.rest('DELETE', `/${made.id}`)
      await switchOffline(page, false)
      await page.getByTestId('failed-action').waitFor()
    }
    await openPanel(page, 'sync')
    await fail('Stand-up', 'Daily')
    assert.match(await page.getByTestId('failed-action').textContent(), /not_found/)
    assert.match(await page.getByTestId('panel-button').getAttribute('aria-label'), /1 waiting for you/)

    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo', id: made.id }))
    await chip(page, 'Stand-up').waitFor()
    await page.getByTestId('retry').click()
    await chip(page, 'Daily').waitFor()
    await page.getByTestId('failed-action').waitFor({ state: 'detached' })
    await settled(page)

    await fail('Daily', 'Weekly')
    await page.getByTestId('discard').click()
    await page.getByTestId('failed-action').waitFor({ state: 'detached' })
    assert.deepEqual(await page.evaluate(() => [baro.getFailedActions(), baro.getEvents()]), [[], []])
  })

  it('numbers that follow the connection, and the steps of its protocol', async (t) => {
    const { page } = await desk.openOne(t)
    await openPanel(page, 'metrics')
    const plot = (name) => page.getByTestId(`plot-${name}`)
    await drawEvent(page, 2, 10, 11, 'Measured')
    await plot('messages').locator('path.spark-line-1').waitFor({ state: 'attached' })
    await plot('latency').locator('path.spark-line').waitFor({ state: 'attached' })
    assert.match(await plot('latency').textContent(), /\d+ ms/)
    await switchOffline(page, true)
    await page.evaluate(
      (event) => {
        for (let n = 0; n < 4; n++) baro.createEvent({ ...event, title: `Talk ${n}` })
      },
      eventAt(10, ''),
    )
    await plot('queue').getByText('4 writes').waitFor()
    await switchOffline(page, false)
    await plot('queue').getByText('0 writes').waitFor()

    await page.getByTestId('tab-metrics').press('ArrowRight')
    const steps = page.getByTestId('trace').locator('li')
    await page.locator('[data-testid="trace"] li[data-kind="acknowledged"]').first().waitFor()
    await page.getByTestId('trace-filter').fill('welcome')
    await untilIn(page, () =>
      [...document.querySelectorAll('[data-testid="trace"] li')].every((step) => step.textContent.includes('welcome')),
    )
    assert.ok((await steps.count()) >= 1)
  })

  it('nothing of an edit after Ctrl+Z, and the edit again after Ctrl+Shift+Z, to everybody', async (t) => {
    const { ana, ben } = await desk.openTwo(t)
    await drawEvent(ana, 2, 10, 11, 'Review')
    await renameEvent(ana, 'Review', 'Design review')
    await chip(ben, 'Design review').waitFor()
    await ana.keyboard.press('Control+z')
    for (const page of [ana, ben]) await chip(page, 'Design review').waitFor({ state: 'detached' })
    await chip(ana, 'Review').waitFor()
    await ana.getByTestId('undo').click()
    for (const page of [ana, ben]) await chip(page, 'Review').waitFor({ state: 'detached' })
    await ana.keyboard.press('Control+z')
    await ana.getByText('There is nothing to undo.').waitFor()
    await ana.keyboard.press('Control+Shift+z')
    for (const page of [ana, ben]) await chip(page, 'Review').waitFor()
    await ana.getByTestId('redo').click()
    for (const page of [ana, ben]) await chip(page, 'Design review').waitFor()
    // In a field the keys are the field's own.
    await ana.getByTestId('project-name').press('Control+z')
    assert.equal(await chip(ana, 'Design review').count(), 1)
  })
})
