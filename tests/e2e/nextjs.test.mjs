import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { buildExample } from '../../scripts/example.mjs'
import { tarball } from '../packaging/installed.mjs'
import { startNext } from '../packaging/nextjs.mjs'
import { openGate } from './support/gate.mjs'
import { untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { patience, until } from './support/until.mjs'

// Nobody who wrote the page sat here: another time zone and another language than the server's.
const elsewhere = { timezoneId: 'Asia/Seoul', locale: 'ko-KR' }

const titles = (page) =>
  page.evaluate(() => [...document.querySelectorAll('.event input')].map(({ value }) => value).sort())
const shows = (page, expected) =>
  untilIn(
    page,
    (text) =>
      [...document.querySelectorAll('.event input')]
        .map(({ value }) => value)
        .sort()
        .join() === text,
    [...expected].sort().join(),
  )
const connected = (page) => page.locator('[data-state="connected"]').waitFor({ timeout: patience })
const title = (page, text) => page.locator(`.event input[value="${text}"]`)

async function rename(page, from, to) {
  await title(page, from).fill(to)
  await page.keyboard.press('Enter')
}

/** Waits until the browser has stored so many of the server's events and of the edits that wait. */
const stored = (page, kept, outbox) =>
  until(`${kept} events and ${outbox} edits are stored`, () =>
    page.evaluate(
      async ([events, edits]) => {
        const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
        const [found] = await indexedDB.databases()
        if (found === undefined) return false
        const database = await answer(indexedDB.open(found.name))
        const count = (table) => answer(database.transaction(table).objectStore(table).count())
        const [inEvents, inOutbox] = [await count('events'), await count('outbox')]
        database.close()
        return inEvents >= events && inOutbox === edits
      },
      [kept, outbox],
    ),
  )

/** Notes in the page how few events were to be seen at any time since the server's HTML was read. */
function watchEvents() {
  const count = () => document.querySelectorAll('.event').length
  document.addEventListener('DOMContentLoaded', () => {
    globalThis.fewest = count()
    const note = () => (globalThis.fewest = Math.min(globalThis.fewest, count()))
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true })
  })
}
const fewest = (page) => page.evaluate(() => globalThis.fewest)

describe('the Next.js example', () => {
  const room = openRoom({})

  /** What the page says that it should not, whatever it is asked. */
  async function openPage(t, address, user, given = elsewhere) {
    const page = await (await room.context(t, given)).newPage()
    page.setDefaultTimeout(patience)
    const complaints = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.addInitScript(watchEvents)
    await page.goto(`${address}/?user=${user}`)
    return { page, complaints }
  }

  /** A server with two events, behind a gate, and Next asking it. */
  async function start(t, folder, command = 'start') {
    const server = await startServer(t)
    const today = new Date().toISOString().slice(0, 10)
    for (const [hour, text] of [
      ['09', 'Stand-up'],
      ['12', 'Lunch'],
    ]) {
      const times = { startDate: `${today}T${hour}:00:00Z`, endDate: `${today}T${hour}:30:00Z` }
      await server.rest('POST', '', { title: text, projectId: 'team', ...times })
    }
    const gate = await openGate(t, server)
    return { server, gate, address: await startNext(t, folder, command, gate.socket) }
  }

  for (const bundler of ['turbopack', 'webpack']) {
    describe(`built with ${bundler}`, () => {
      let folder
      before(async () => ({ folder } = await buildExample(bundler, tarball())))

      it('has the events in its HTML, and takes them over without a word', async (t) => {
        const { address } = await start(t, folder)
        const html = await (await fetch(address)).text()
        for (const text of ['value="Stand-up"', 'value="Lunch"', '>09:00<', ' data-state="disconnected"']) {
          assert.ok(html.includes(text), `${text} is in ${html}`)
        }
        const { page, complaints } = await openPage(t, address, 'ana')
        assert.deepEqual(await titles(page), ['Lunch', 'Stand-up'])
        await connected(page)
        // In the visitor's own time by now.
        await page.getByText('18:00').waitFor()
        assert.deepEqual(await titles(page), ['Lunch', 'Stand-up'])
        assert.equal(await fewest(page), 2, 'none is gone while the calendar connects')
        assert.deepEqual(complaints, [])
      })

      it('shows an edit in a second page', async (t) => {
        const { address } = await start(t, folder)
        const [{ page: one }, { page: other }] = [
          await openPage(t, address, 'ana'),
          await openPage(t, address, 'ben', { timezoneId: 'America/New_York' }),
        ]
        await Promise.all([connected(one), connected(other)])
        await rename(one, 'Stand-up', 'Daily')
        await shows(other, ['Daily', 'Lunch'])
        await other.getByRole('button', { name: 'Delete Lunch' }).click()
        await shows(one, ['Daily'])
        await other.getByRole('button', { name: 'Undo' }).click()
        await shows(one, ['Daily', 'Lunch'])
      })

      it('keeps an offline edit over a reload, with the calendar as it was', async (t) => {
        const { server, gate, address } = await start(t, folder)
        const { page } = await openPage(t, address, 'ana')
        await connected(page)
        await stored(page, 2, 0)
        gate.shut()
        await rename(page, 'Lunch', 'Long lunch')
        await page.getByRole('textbox', { name: 'New event' }).first().fill('Interview')
        await page.keyboard.press('Enter')
        await shows(page, ['Interview', 'Long lunch', 'Stand-up'])
        await stored(page, 2, 2)
        await page.reload()
        await shows(page, ['Interview', 'Long lunch', 'Stand-up'])
        assert.equal(await page.locator('[data-pending="true"]').count(), 2)
        gate.open()
        await until('the server has the edits', async () => {
          const arrived = (await server.events('team')).map((event) => event.title).sort()
          return arrived.join() === 'Interview,Long lunch,Stand-up'
        })
        await untilIn(page, () => document.querySelectorAll('[data-pending="true"]').length === 0)
      })
    })
  }

  it('runs in development, where React renders everything twice', async (t) => {
    const { folder } = await buildExample('turbopack', tarball())
    const { server, address } = await start(t, folder, 'dev')
    const { page, complaints } = await openPage(t, address, 'ana')
    await connected(page)
    await shows(page, ['Lunch', 'Stand-up'])
    assert.deepEqual(complaints, [])
    await until('there is one socket', async () => (await server.metric('baro_connections')) === 1)
  })
})
