import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connected, create, eventAt, untilIn } from '../e2e/support/page.mjs'
import { until } from '../e2e/support/until.mjs'
import { versions } from './support/bundle.mjs'
import { openReactRoom, renders } from './support/room.mjs'

const point = (other, position) => other.evaluate((given) => baro.broadcastCursor(given), position)

/** Where the tip of somebody's cursor is drawn in the window; nothing if it is hidden. */
const drawn = (page, user) =>
  page.evaluate((id) => {
    const cursor = document.querySelector(`.baro-cursor[data-user-id=${id}]`)
    if (cursor === null || getComputedStyle(cursor).visibility === 'hidden') return undefined
    const { x, y } = cursor.getBoundingClientRect()
    return { x, y }
  }, user)

async function isDrawnAt(page, user, place) {
  await until(`the cursor is at ${place.x}, ${place.y}`, async () => {
    const at = await drawn(page, user)
    return at && Math.abs(at.x - place.x) < 0.1 && Math.abs(at.y - place.y) < 0.1
  })
}

const boxOf = (page, selector) =>
  page.evaluate((wanted) => {
    const { x, y, width, height } = document.querySelector(wanted).getBoundingClientRect()
    return { x, y, width, height }
  }, selector)

const board = '[data-testid=board]'
const border = 4

for (const version of versions) {
  describe(`the cursors of React ${version}`, () => {
    const room = openReactRoom('components', version)

    async function open(t, given) {
      const opened = await room.open(t, given)
      await connected(opened.page)
      const ben = await room.join(t, opened.server, 'ben', 'Ben')
      await untilIn(opened.page, () => baro.getActiveUsers().has('ben'))
      return { ...opened, ben }
    }

    it('stay on what they point at, in the container and on an element of it, while it is scrolled', async (t) => {
      const { page, ben } = await open(t)
      const { x, y } = await boxOf(page, board)
      await point(ben, { x: 50, y: 60 })
      await isDrawnAt(page, 'ben', { x: x + border + 50, y: y + border + 60 })
      await page.evaluate((selector) => (document.querySelector(selector).scrollTop = 40), board)
      await isDrawnAt(page, 'ben', { x: x + border + 50, y: y + border + 20 })
      await page.evaluate((selector) => (document.querySelector(selector).scrollTop = 400), board)
      await until('it is scrolled out of sight', async () => (await drawn(page, 'ben')) === undefined)

      await page.evaluate((selector) => (document.querySelector(selector).scrollTop = 0), board)
      await point(ben, { x: 10, y: 5, elementId: 'tuesday' })
      const tuesday = await boxOf(page, '[data-cursor-anchor=tuesday]')
      await isDrawnAt(page, 'ben', { x: tuesday.x + 10, y: tuesday.y + 5 })
      // What is not on this screen cannot be pointed at.
      await point(ben, { x: 10, y: 5, elementId: 'next"]week' })
      await until('it is hidden', async () => (await drawn(page, 'ben')) === undefined)
    })

    it('tell the others where this user points, from the day that he points at', async (t) => {
      const { page, ben } = await open(t, { props: { unit: 'share' } })
      const monday = await boxOf(page, '[data-cursor-anchor=monday]')
      await page.mouse.move(monday.x + monday.width / 4, monday.y + monday.height / 2)
      await untilIn(ben, () => baro.getCursors()[0]?.elementId === 'monday')
      const [{ x, y }] = await ben.evaluate(() => baro.getCursors())
      assert.ok(Math.abs(x - 0.25) < 0.01 && Math.abs(y - 0.5) < 0.02, `${x}, ${y}`)
      await page.mouse.move(monday.x, 5)
      await untilIn(ben, () => baro.getCursors()[0].elementId === 'cursor:nowhere')
      await point(ben, { x: 1, y: 0.5, elementId: 'monday' })
      await isDrawnAt(page, 'ben', { x: monday.x + monday.width, y: monday.y + monday.height / 2 })
    })

    /** Where a cursor is drawn in each frame after it jumps, until it is there. */
    const jump = async (page, ben) => {
      const { x, y } = await boxOf(page, board)
      await point(ben, { x: 0, y: 10 })
      await isDrawnAt(page, 'ben', { x: x + border, y: y + border + 10 })
      await page.evaluate(
        (end) => {
          globalThis.path = []
          const cursor = document.querySelector('.baro-cursor')
          const follow = () => {
            const { x } = cursor.getBoundingClientRect()
            if (x !== globalThis.path.at(-1)) globalThis.path.push(x)
            if (Math.abs(x - end) > 0.1) requestAnimationFrame(follow)
            else globalThis.hasArrived = true
          }
          follow()
        },
        x + border + 300,
      )
      await point(ben, { x: 300, y: 10 })
      await untilIn(page, () => globalThis.hasArrived)
      return page.evaluate(() => globalThis.path)
    }

    it('glide from place to place without rendering anything', async (t) => {
      const { page, ben } = await open(t)
      await point(ben, { x: 5, y: 5 })
      await page.locator('.baro-cursor').waitFor()
      const before = await renders(page)
      const path = await jump(page, ben)
      assert.ok(path.length > 3, `${path.length} places`)
      assert.deepEqual(
        path,
        path.toSorted((one, other) => one - other),
        'it does not go back',
      )
      assert.deepEqual(await renders(page), before)
    })

    it('jump where people have asked for less motion', async (t) => {
      const { page, ben } = await open(t, { options: { reducedMotion: 'reduce' } })
      await point(ben, { x: 5, y: 5 })
      await page.locator('.baro-cursor').waitFor()
      assert.equal((await jump(page, ben)).length, 2)
    })

    it('leave the board unrendered while they move, which renders when an event comes', async (t) => {
      const { page, ben } = await open(t)
      await point(ben, { x: 1, y: 1 })
      await page.locator('.baro-cursor').waitFor()
      const before = await renders(page)
      for (let at = 2; at < 20; at++) await point(ben, { x: at, y: at })
      await untilIn(page, () => baro.getCursors()[0].x === 19)
      assert.deepEqual(await renders(page), before)
      await create(ben, eventAt(9, 'Breakfast', { projectId: 'mine' }))
      await page.getByText('Breakfast').waitFor()
      assert.ok((await renders(page)).board > before.board)
    })
  })
}
