// The demo page's calendar as a person uses it: with a pointer and the dialog.

const columns = '.fc-timegrid-col[data-date]'

/** Where an hour, counted in quarters, of a day of the shown week lies, in pixels; the day counts from the left. */
async function place(page, day, hour) {
  const column = await page.locator(columns).nth(day).boundingBox()
  const half = Math.floor(hour * 2) / 2
  const time = `${String(Math.floor(half)).padStart(2, '0')}:${half % 1 ? '30' : '00'}:00`
  const slot = page.locator(`.fc-timegrid-slot-lane[data-time="${time}"]`)
  await slot.scrollIntoViewIfNeeded()
  const { y, height } = await slot.boundingBox()
  return { x: column.x + column.width / 2, y: y + height * (hour > half ? 0.75 : 0.25) }
}

async function drag(page, from, to) {
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(from.x, (from.y + to.y) / 2, { steps: 4 })
  await page.mouse.move(to.x, to.y, { steps: 4 })
  await page.mouse.up()
}

export const chip = (page, title) => page.getByTestId('event').filter({ hasText: title })

/** Draws an event from one hour to another and gives it a title; `fill` does more in the dialog. */
export async function drawEvent(page, day, from, to, title, fill) {
  await drag(page, await place(page, day, from), await place(page, day, to - 0.25))
  await page.getByTestId('field-title').fill(title)
  await fill?.()
  await page.getByTestId('save').click()
}

/** Takes an event to another hour of its day. */
export async function moveEvent(page, day, from, to) {
  await drag(page, await place(page, day, from), await place(page, day, to))
}

export async function openEvent(page, title) {
  await chip(page, title).first().click()
  await page.getByTestId('dialog').waitFor()
}

export async function renameEvent(page, title, next) {
  await openEvent(page, title)
  await page.getByTestId('field-title').fill(next)
  await page.getByTestId('save').click()
}

export async function deleteEvent(page, title) {
  await openEvent(page, title)
  await page.getByTestId('delete').click()
}

/** Uses the Offline switch of the connection details. */
export async function switchOffline(page, offline) {
  await page.getByTestId('status').click()
  await page.getByTestId('offline-switch').setChecked(offline)
  await page.keyboard.press('Escape')
}

/** Points at a place of the board, given as shares of its width and height. */
export async function pointAt(page, x, y) {
  const board = await page.getByTestId('calendar').boundingBox()
  await page.mouse.move(board.x + board.width * x, board.y + board.height * y)
}
