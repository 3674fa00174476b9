import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createServer } from 'vite'
import { installPackage, repository, versionOf } from '../packaging/installed.mjs'
import { openGate } from './support/gate.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { patience } from './support/until.mjs'

const example = (name) => readFileSync(join(repository, 'examples/vite', name), 'utf8')

/** Vite's development server on the example, with the packed package and no configuration. */
async function serveExample() {
  const folder = installPackage({ 'index.html': example('index.html'), 'main.ts': example('main.ts') })
  const options = { port: 0, host: '127.0.0.1', ws: false }
  const server = await createServer({ root: folder, logLevel: 'error', configFile: false, server: options })
  await server.listen()
  return { address: server.resolvedUrls.local[0], close: () => server.close() }
}

describe('the Vite example', () => {
  const room = openRoom({ site: serveExample })

  async function openPage(t, gate) {
    const page = await (await room.context(t)).newPage()
    page.setDefaultTimeout(patience)
    await page.goto(`${room.site.address}?${new URLSearchParams({ server: gate.socket })}`)
    await page.getByText('connected', { exact: true }).waitFor()
    return page
  }

  it('names the Vite that it is tested with', () => {
    assert.equal(JSON.parse(example('package.json')).devDependencies.vite, versionOf('vite'))
  })

  it('shows in a second page what one adds, offline too', async (t) => {
    const server = await startServer(t)
    const gate = await openGate(t, server)
    const [one, other] = [await openPage(t, gate), await openPage(t, gate)]
    const add = async (title) => {
      await one.getByRole('textbox').fill(title)
      await one.keyboard.press('Enter')
    }
    await add('Lunch')
    await other.getByRole('listitem').filter({ hasText: 'Lunch' }).waitFor()

    gate.shut()
    await add('Dinner')
    await one.getByRole('listitem').filter({ hasText: 'Dinner Delete not saved yet' }).waitFor()
    gate.open()
    await other.getByRole('listitem').filter({ hasText: 'Dinner' }).waitFor()
    await one.getByText('not saved yet').waitFor({ state: 'detached' })
    // Pressed before the list is drawn with another event, released after.
    const itemOf = (title) => other.getByRole('listitem').filter({ hasText: title })
    await itemOf('Lunch').getByRole('button').hover()
    await other.mouse.down()
    await add('Supper')
    await itemOf('Supper').waitFor()
    await other.mouse.up()
    await itemOf('Lunch').waitFor({ state: 'detached' })
    for (const title of ['Dinner', 'Supper']) {
      await itemOf(title).getByRole('button').click()
      await itemOf(title).waitFor({ state: 'detached' })
    }
    await one.getByRole('listitem').first().waitFor({ state: 'detached' })
  })
})
