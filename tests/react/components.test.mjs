import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { connected, create, eventAt, untilIn } from '../e2e/support/page.mjs'
import { until } from '../e2e/support/until.mjs'
import { versions } from './support/bundle.mjs'
import { openReactRoom } from './support/room.mjs'

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** What axe-core has against the page, a line each. */
async function complaints(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ path: axe })
  return page.evaluate(async () => {
    const { violations, passes } = await globalThis.axe.run(document, { resultTypes: ['violations', 'passes'] })
    if (passes.length < 10) throw new Error(`axe looked at too little: ${passes.length}`)
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    )
  })
}

const times = { startDate: '2026-03-02T09:00:00Z', endDate: '2026-03-02T10:00:00Z', timeZone: 'Asia/Seoul' }
const planned = { id: 'e', projectId: 'mine', title: 'Team plan', location: 'Room 1', ...times }

for (const version of versions) {
  describe(`the components of React ${version}`, () => {
    const room = openReactRoom('components', version)
    const manual = { conflict: { strategy: 'manual' } }

    /** The page with an event that it and somebody else have changed while it was offline. */
    async function openConflict(t, props, others = []) {
      const opened = await room.open(t, { config: manual, props })
      const { server, network, page } = opened
      await connected(page)
      await server.rest('POST', '', planned)
      await untilIn(page, () => baro.getEvent('e'))
      await page.evaluate(() => baro.disconnect())
      await page.evaluate(() => void baro.updateEvent('e', { title: 'Team plan for spring', location: 'Room A' }))
      await server.rest('PUT', '/e', { title: 'Weekly team plan', location: 'Room B', capacity: 7 })
      for (const more of others) await more(opened)
      await page.evaluate(() => void baro.connect())
      await connected(page)
      await untilIn(page, () => baro.getConflicts().length > 0)
      return { ...opened, network }
    }

    for (const [theme, locale] of [
      ['light', 'en'],
      ['dark', 'ko'],
    ]) {
      it(`all pass axe in the ${theme} theme, in ${locale}`, async (t) => {
        const { server, page } = await room.open(t, { config: manual, props: { theme, locale } })
        await connected(page)
        const ben = await room.join(t, server, 'ben', 'Ben')
        for (const name of ['kim', 'lee']) await room.join(t, server, name, name)
        await ben.evaluate(() => {
          baro.sendTyping('title', true)
          baro.broadcastCursor({ x: 30, y: 30 })
          baro.sendEditing('e')
        })
        await page.locator('.baro-typing[data-typing]').waitFor()
        await page.locator('.baro-cursor').waitFor()
        await page.locator('.baro-users-more').waitFor()
        await page.locator('.baro-connection-button').click()
        await page.locator('.baro-connection-details').waitFor()
        assert.deepEqual(await complaints(page), [])

        // What waits, what was given up, and a conflict.
        await create(page, planned)
        await page.evaluate(() => baro.flush())
        await server.rest('POST', '', { ...planned, id: 'taken', projectId: 'another' })
        await create(page, { ...planned, id: 'taken', title: 'Refused' })
        await page.locator('.baro-sync-failed').waitFor()
        await page.evaluate(() => baro.disconnect())
        await page.evaluate(() => void baro.updateEvent('e', { title: 'Offline' }))
        await page.locator('.baro-sync progress').waitFor()
        assert.deepEqual(await complaints(page), [])
        await server.rest('PUT', '/e', { title: 'Meanwhile' })
        await page.evaluate(() => void baro.connect())
        await page.locator('dialog[open]').waitFor()
        assert.deepEqual(await complaints(page), [])
      })
    }

    it('tell in words who is here, what he does and how the connection is', async (t) => {
      const { server, page, show } = await room.open(t, { props: {} })
      await connected(page)
      const ben = await room.join(t, server, 'ben', 'Ben')
      await ben.evaluate(() => {
        baro.sendTyping('title', true)
        baro.sendEditing('e')
      })
      const list = page.getByRole('list', { name: 'People here' })
      await list.getByText('Ben (editing)').waitFor()
      await page.getByRole('status').filter({ hasText: 'Ben is typing…' }).waitFor()
      await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor()
      await page.getByRole('button', { name: 'Connected' }).press('Enter')
      await page.getByRole('group', { name: 'Connection' }).waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('group', { name: 'Connection' }).waitFor({ state: 'detached' })
      assert.equal(await page.evaluate(() => document.activeElement.className), 'baro-connection-button')

      await show({}, { locale: 'ko-KR', texts: { editing: '고치는 중' } })
      await page.getByRole('list', { name: '함께 보는 사람' }).getByText('Ben (고치는 중)').waitFor()
      await page.getByText('Ben님이 입력 중…').waitFor()
      await page.getByRole('button', { name: '연결됨' }).click()
      await page.evaluate(() => baro.disconnect())
      await page.getByRole('button', { name: '오프라인' }).waitFor()
      await page.getByRole('button', { name: '다시 연결' }).click()
      await page.getByRole('button', { name: '연결됨' }).waitFor()
    })

    it('tell the others what is edited and typed in, also those who come later, until it is not', async (t) => {
      const { server, page, show } = await room.open(t, { props: { edits: true } })
      await connected(page)
      const ben = await room.join(t, server, 'ben')
      const ana = () => ben.evaluate(() => baro.getActiveUsers().get('ana'))
      await until('ben is told of the editor', async () => (await ana())?.editing?.eventId === 'e')
      await page.getByLabel('Title').pressSequentially('abc')
      await until('ben is told of the typing', async () => (await ana()).typing?.elementId === 'title')
      await page.locator('#before').focus()
      await until('ben is told that it has ended', async () => (await ana()).typing === undefined)
      await page.getByLabel('Title').press('d')
      await until('ben is told of the typing again', async () => (await ana()).typing?.elementId === 'title')
      await show({}, { edits: false })
      await until('ben is told that all has ended', async () => {
        const { typing, editing } = await ana()
        return typing === undefined && editing === undefined
      })
    })

    it('show what waits and what was given up, which can be tried again and discarded', async (t) => {
      const { server, page } = await room.open(t, { props: {} })
      await connected(page)
      await server.rest('POST', '', eventAt(9, 'Taken', { id: 'taken', projectId: 'another' }))
      await page.evaluate(() => baro.disconnect())
      await create(page, eventAt(9, 'Breakfast'))
      await page.getByRole('progressbar', { name: '1 change waits to be sent' }).waitFor()
      await page.locator('.baro-sync').getByText('Create “Breakfast”').waitFor()
      await create(page, eventAt(10, 'Lunch', { id: 'taken' }))
      await page.evaluate(() => void baro.connect())
      const failed = page.getByRole('group', { name: '1 change could not be saved' })
      await failed.waitFor()
      await page.getByRole('progressbar').waitFor({ state: 'detached' })
      await page.getByRole('status').filter({ hasText: 'All changes are saved' }).waitFor()
      await failed.getByRole('button', { name: 'Try again: Create “Lunch”' }).click()
      await failed.waitFor()
      await failed.getByRole('button', { name: 'Discard: Create “Lunch”' }).click()
      await failed.waitFor({ state: 'detached' })
    })

    it('ask which version of an event is to be, field by field, by keyboard alone', async (t) => {
      const { server, page } = await openConflict(t, {}, [async ({ page }) => page.locator('#before').focus()])
      const dialog = page.getByRole('dialog', { name: 'Two versions of “Team plan for spring”' })
      await dialog.waitFor()
      const titles = dialog.locator('tr[data-field=title] td')
      // Merging takes its time, in which the dialog is there already.
      await titles.getByText('Weekly team plan for spring').waitFor()
      assert.deepEqual((await titles.allTextContents()).toSorted(), [
        'Team plan',
        'Team plan for spring',
        'Weekly team plan',
        'Weekly team plan for spring',
      ])
      // Round in the dialog, in both directions, without leaving it.
      const isInside = () => page.evaluate(() => document.activeElement.closest('dialog') !== null)
      for (const key of ['Tab', 'Shift+Tab']) {
        for (let pressed = 0; pressed < 12; pressed++) {
          await page.keyboard.press(key)
          assert.ok(await isInside(), `${key} ${pressed}`)
        }
      }
      // Put off: the focus is where it was, and the dialog can be had again.
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      assert.equal(await page.evaluate(() => document.activeElement.id), 'before')
      await page.getByRole('button', { name: '1 event has two versions' }).press('Enter')
      await dialog.waitFor()

      const theirs = dialog.getByRole('radio', { name: 'Location Theirs Room B' })
      await dialog.getByRole('radio', { name: 'Location Yours Room A' }).focus()
      await page.keyboard.press('ArrowRight')
      assert.ok(await theirs.isChecked())
      await dialog.getByRole('button', { name: 'Save your choice' }).press('Enter')
      await dialog.waitFor({ state: 'detached' })
      await page.evaluate(() => baro.flush())
      const [{ title, location, capacity }] = await server.events('mine')
      assert.deepEqual(
        { title, location, capacity },
        { title: 'Weekly team plan for spring', location: 'Room B', capacity: 7 },
      )
    })

    it('keep the whole of one version if that is wanted, and tell when the other one changes meanwhile', async (t) => {
      const { server, page } = await openConflict(t, { opens: 'asked' })
      await page.getByRole('button', { name: '1 event has two versions' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.waitFor()
      await server.rest('PUT', '/e', { title: 'Monthly team plan' })
      await dialog.getByRole('status').filter({ hasText: 'The other version has changed' }).waitFor()
      await dialog.getByRole('button', { name: 'Keep yours' }).click()
      await dialog.waitFor({ state: 'detached' })
      await until('the server has it', async () => (await server.events('mine'))[0].title === 'Team plan for spring')
    })

    it('let an event that one side deleted be kept or deleted', async (t) => {
      const { server, page } = await room.open(t, { config: manual, props: { locale: 'ko' } })
      await connected(page)
      await server.rest('POST', '', planned)
      await untilIn(page, () => baro.getEvent('e'))
      await page.evaluate(() => baro.disconnect())
      await page.evaluate(() => void baro.updateEvent('e', { title: 'Still wanted' }))
      await server.rest('DELETE', '/e')
      await page.evaluate(() => void baro.connect())
      const dialog = page.getByRole('dialog', { name: '“Still wanted”의 두 가지 버전' })
      await dialog.waitFor()
      await dialog.getByRole('columnheader', { name: '상대방 버전 삭제됨' }).waitFor()
      assert.equal(await dialog.getByRole('radio').count(), 0)
      await dialog.getByRole('button', { name: '내 버전 유지' }).click()
      await until('the server has it again', async () => (await server.events('mine'))[0]?.title === 'Still wanted')
    })
  })
}
