import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connected, create, eventAt, untilIn } from '../e2e/support/page.mjs'
import { versions } from './support/bundle.mjs'
import { openReactRoom, renders } from './support/room.mjs'

const moves = 60

/** Has somebody move his cursor so often, each time as far as the server lets it go, and returns when the last is here. */
async function moveAround(other, page) {
  const last = await other.evaluate(async (count) => {
    for (let at = 1; at <= count; at++) {
      baro.broadcastCursor({ x: at, y: at })
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    return count
  }, moves)
  await untilIn(page, (x) => baro.getCursors().some((cursor) => cursor.x === x), last)
}

for (const version of versions) {
  describe(`a page of React ${version}`, () => {
    const room = openReactRoom('events', version)

    it('is rendered by a cursor that moves only where it reads cursors, and by an event only where it reads events', async (t) => {
      // Without StrictMode, which renders twice.
      const { server, page } = await room.open(t, { props: { strict: false } })
      await connected(page)
      const ben = await room.join(t, server, 'ben', 'Ben')
      await create(ben, eventAt(9, 'Breakfast', { projectId: 'mine' }))
      await page.getByTestId('people').getByText('Ben').waitFor()
      await page.getByTestId('page').getByText('Breakfast').waitFor()
      // The first cursor of somebody is news of him.
      await ben.evaluate(() => baro.broadcastCursor({ x: 0, y: 0 }))
      await page.getByTestId('cursors').getByText('Ben 0').waitFor()

      const before = await renders(page)
      await moveAround(ben, page)
      await page.getByTestId('cursors').getByText(`Ben ${moves}`).waitFor()
      const moved = await renders(page)
      const added = Object.fromEntries(Object.entries(moved).map(([name, count]) => [name, count - before[name]]))
      t.diagnostic(`renders by ${moves} moves of a cursor: ${JSON.stringify(added)}`)
      const { cursors, ...others } = added
      assert.deepEqual(others, { titles: 0, page: 0, people: 0, state: 0, queue: 0 })
      assert.ok(cursors >= 2 && cursors <= moves, `who reads cursors was rendered ${cursors} times`)

      await create(ben, eventAt(10, 'Walk', { projectId: 'mine' }))
      await page.getByTestId('titles').getByText('Walk').waitFor()
      const after = await renders(page)
      assert.deepEqual(
        [after.titles - moved.titles, after.page - moved.page, after.people - moved.people, after.state - moved.state],
        [1, 1, 0, 0],
      )
    })
  })
}
