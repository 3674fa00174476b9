import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { launch, open } from './browser.mjs'
import { entriesOf, installPackage, link, peersOf, repository } from './installed.mjs'
import { bundlers } from './matrix/bundlers.mjs'
import { nextjs } from './matrix/nextjs.mjs'
import { node } from './matrix/node.mjs'
import { pages, policy, writePage } from './matrix/pages.mjs'
import { linkRunners, runners } from './matrix/runners.mjs'
import { formatTable, rowText } from './matrix/table.mjs'
import { entriesModule, page, program } from './program.mjs'

const rows = [...nextjs, ...bundlers, ...pages, ...node, ...runners]

describe('the packed package, without configuration', () => {
  const room = {}
  before(async () => {
    const main = program('@baro-calendar/realtime', { entries: './entries.js' })
    room.folder = installPackage({ 'main.js': main, 'index.html': page('/main.js') }, (folder) => {
      link(folder, peersOf(folder))
      linkRunners(folder)
      return { 'entries.js': entriesModule(entriesOf(folder)) }
    })
    room.browser = await launch()
  })
  after(async () => {
    await room.browser?.close()
    console.log(formatTable(rows))
  })

  for (const row of rows) {
    it(`works with ${row.tool}: ${row.way}`, async (t) => {
      row.version ??= row.versionIn(room)
      row.result = 'fails'
      row.buildMs = await row.run(room, t)
      row.result = 'works'
    })
  }

  it('says what a policy has to allow where it forbids WebAssembly', async () => {
    const main = program('/node_modules/@baro-calendar/realtime/esm/index.js')
    const site = writePage(room.folder, 'forbidden', { 'main.js': main })
    const { error, code } = await open(room.browser, site, policy("'self'"))
    assert.equal(code, 'wasm_load_failed')
    assert.match(error, /'wasm-unsafe-eval' in script-src/)
  })

  it('is described in the guide as it was found here', () => {
    const guide = readFileSync(join(repository, 'docs/guide/bundlers.md'), 'utf8')
    const missing = rows.map(rowText).filter((text) => !guide.includes(text))
    assert.deepEqual(missing, [])
  })
})
