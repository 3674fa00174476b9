// A page with a calendar on it: opening it, and asking it. In both pages `baro` is the calendar.

import { patience } from './until.mjs'

/** Waits until `condition` holds in the page. */
export async function untilIn(page, condition, given) {
  await page.waitForFunction(condition, given, { polling: 25, timeout: patience })
}

const isConnected = () => globalThis.baro?.isConnected()

/** Waits until the page's calendar is connected. */
export const connected = (page) => untilIn(page, isConnected)

/** Waits until nothing waits for the server any more, what storage holds included. */
export async function settled(page) {
  await page.evaluate(() => {
    globalThis.isFlushed = false
    baro.flush().then(() => (globalThis.isFlushed = true))
  })
  await untilIn(page, () => globalThis.isFlushed)
}

/** Opens the demo page as `user`; `socket` is where its server is, `more` is of the address. */
export async function openDemo(context, site, socket, user, project = 'demo', more = {}) {
  const page = await context.newPage()
  page.setDefaultTimeout(patience)
  await page.goto(`${site.address}/?${new URLSearchParams({ user, project, url: socket, ...more })}`)
  await untilIn(page, () => globalThis.baro)
  return page
}

/** Opens the bare page; `config`, if there is one, makes its calendar. */
export async function openBare(context, site, config) {
  const page = await context.newPage()
  page.setDefaultTimeout(patience)
  await page.goto(site.address)
  await untilIn(page, () => globalThis.ready)
  if (config) await page.evaluate((given) => void globalThis.makeCalendar(given), config)
  return page
}

/** Connects the page's calendar, and waits for it. */
export const connect = (page) => page.evaluate(() => baro.connect())

/** The titles that the page's calendar shows, sorted. */
export const titles = (page) =>
  page.evaluate(() =>
    baro
      .getEvents()
      .map(({ title }) => title)
      .sort(),
  )

/** Waits until the page's calendar shows exactly these titles. */
export async function shows(page, expected) {
  const wanted = [...expected].sort().join('\n')
  await untilIn(
    page,
    (text) =>
      baro
        .getEvents()
        .map(({ title }) => title)
        .sort()
        .join('\n') === text,
    wanted,
  )
}

/** An event of one hour today, the `hour`th. */
export function eventAt(hour, title, more = {}) {
  const start = new Date()
  start.setHours(hour, 0, 0, 0)
  const end = new Date(start.getTime() + 3_600_000)
  return { title, startDate: start.toISOString(), endDate: end.toISOString(), ...more }
}

/** Creates an event in the page and returns its id; with `stored` once it survives a crash. */
export async function create(page, event, { stored = false } = {}) {
  return page.evaluate(
    async ([data, wait]) => {
      const { id, persisted } = baro.createEvent(data)
      if (wait) await persisted
      return id
    },
    [event, stored],
  )
}
