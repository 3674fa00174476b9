import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chip, drawEvent } from './support/board.mjs'
import { openDesk } from './support/desk.mjs'
import { connected, eventAt, settled, untilIn } from './support/page.mjs'
import { until } from './support/until.mjs'

describe('the projects of the demo page', () => {
  const desk = openDesk()
  const row = (page, id) => page.locator(`[data-testid="project"][data-project-id="${id}"]`)
  const show = (page, id, isShown) => row(page, id).getByTestId('project-shown').setChecked(isShown)

  it('take their events along when they are switched off, and bring what others added when they are back', async (t) => {
    const { server, page } = await desk.openOne(t)
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    await server.rest('POST', '', eventAt(11, 'Press call', { projectId: 'demo.launch' }))
    await Promise.all([chip(page, 'Stand-up').waitFor(), chip(page, 'Press call').waitFor()])

    await show(page, 'demo.launch', false)
    await chip(page, 'Press call').waitFor({ state: 'detached' })
    await until('the page has left its channel', async () => (await server.metric('baro_channels')) === 2)
    await chip(page, 'Stand-up').waitFor()
    // Nothing of it arrives any more: a later change of the project that is shown comes alone.
    await server.rest('POST', '', eventAt(13, 'Photo shoot', { projectId: 'demo.launch' }))
    await server.rest('POST', '', eventAt(15, 'Retro', { projectId: 'demo' }))
    await chip(page, 'Retro').waitFor()
    assert.ok(!(await page.evaluate(() => baro.getEvents().some(({ title }) => title === 'Photo shoot'))))

    await page.reload()
    await connected(page)
    await chip(page, 'Retro').waitFor()
    assert.equal(await chip(page, 'Press call').count(), 0, 'the choice outlives a reload')

    await show(page, 'demo.launch', true)
    await Promise.all([chip(page, 'Press call').waitFor(), chip(page, 'Photo shoot').waitFor()])
    await show(page, 'demo', false)
    await chip(page, 'Stand-up').waitFor({ state: 'detached' })
  })

  it('colour their events, other projects and events with a colour of their own excepted', async (t) => {
    const { server, page } = await desk.openOne(t)
    await server.rest('POST', '', eventAt(9, 'Stand-up', { projectId: 'demo' }))
    await server.rest('POST', '', eventAt(11, 'Dentist', { projectId: 'demo', color: '#c01d3f' }))
    await server.rest('POST', '', eventAt(13, 'Press call', { projectId: 'demo.launch' }))
    const colorOf = (title) => chip(page, title).evaluate((element) => element.style.getPropertyValue('--event'))
    assert.deepEqual(await Promise.all(['Stand-up', 'Dentist', 'Press call'].map(colorOf)), [
      '#2f5fd0',
      '#c01d3f',
      '#c2410c',
    ])
    await row(page, 'demo').getByTestId('project-color').click()
    await page.getByRole('radio', { name: 'Pink' }).check()
    await until('the event has the new colour', async () => (await colorOf('Stand-up')) === '#b0267f')
    assert.deepEqual(await Promise.all(['Dentist', 'Press call'].map(colorOf)), ['#c01d3f', '#c2410c'])
  })

  it('are chosen in the dialog, also when an event moves from one to the other', async (t) => {
    const { server, page } = await desk.openOne(t)
    await page.getByTestId('project-name').fill('Trade fair')
    await page.keyboard.press('Enter')
    await row(page, 'demo.trade-fair').waitFor()
    await drawEvent(page, 2, 10, 11, 'Booth', async () => {
      await page.getByTestId('field-project').selectOption({ label: 'Trade fair' })
    })
    await settled(page)
    const titles = async (project) => (await server.events(project)).map(({ title }) => title)
    assert.deepEqual([await titles('demo'), await titles('demo.trade-fair')], [[], ['Booth']])

    await chip(page, 'Booth').click()
    await page.getByTestId('field-project').selectOption({ label: 'Office' })
    await page.getByTestId('save').click()
    await settled(page)
    assert.deepEqual([await titles('demo.office'), await titles('demo.trade-fair')], [['Booth'], []])
    await untilIn(page, () => document.querySelectorAll('[data-testid="event"]').length === 1)
  })

  it('draw what fits of hundreds of events in one hour, and a link to the rest', async (t) => {
    const { page } = await desk.openOne(t)
    await page.evaluate(
      (event) => {
        for (let n = 0; n < 300; n++) baro.createEvent({ ...event, title: `Talk ${n}` })
      },
      eventAt(10, ''),
    )
    const more = page.locator('.fc-timegrid-more-link')
    await more.first().waitFor()
    await untilIn(page, () => baro.getEvents().length === 300)
    // The answers to three hundred writes draw for a while.
    await settled(page)
    const drawn = await page.getByTestId('event').count()
    assert.ok(drawn > 0 && drawn <= 6, `${drawn} events are drawn`)
    await until('the link counts the others', async () => (await more.first().textContent()) === `+${300 - drawn} more`)
    await more.first().click()
    await page.locator('.fc-popover').getByText('Talk 299').waitFor()
  })
})
