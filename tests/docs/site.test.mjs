import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { buildDocs, siteFolder } from '../../scripts/docs.mjs'
import { checkLinks, unreachable } from '../../scripts/docs/links.mjs'
import { pages } from '../../scripts/docs/pages.mjs'
import { patience } from '../e2e/support/until.mjs'
import { launch, serve } from '../packaging/browser.mjs'
import { documents } from './support/blocks.mjs'

function siteOf(t, files) {
  const site = mkdtempSync(join(tmpdir(), 'baro-links-'))
  t.after(() => rmSync(site, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(site, name, '..'), { recursive: true })
    writeFileSync(join(site, name), text)
  }
  return site
}

describe('following links', () => {
  it('finds pages and anchors that are not there', (t) => {
    const site = siteOf(t, {
      'index.html': '<a href="/one/two.html#here">a</a> <a href="one/two">b</a> <p id="up">',
      'one/two.html': '<h1 id="here"></h1><a href="../index.html#up">c</a><a href="#gone">d</a><img src="/none.png">',
    })
    const { pages: count, links, broken } = checkLinks(site)
    assert.deepEqual([count, links], [2, 5])
    assert.deepEqual(broken, [
      'one/two.html: #gone names no anchor of that page',
      'one/two.html: /none.png leads nowhere',
    ])
  })

  it('finds pages to which none leads', (t) => {
    const site = siteOf(t, { 'index.html': '<a href="a.html">a</a>', 'a.html': '', 'b.html': '<a href="index.html">' })
    assert.deepEqual(unreachable(site), ['b.html'])
  })
})

describe('the site', () => {
  it('has every document of the repository as a page', () => {
    const sources = pages().map(({ source }) => source)
    assert.deepEqual(
      documents.filter((document) => !sources.includes(document)),
      [],
    )
  })

  it('is built in one go, and every link in it leads to a page and an anchor', async () => {
    const { pages: built, links } = await buildDocs({ rust: false })
    assert.ok(built > pages().length, `${built} pages`)
    assert.ok(links > 1000, `${links} links`)
  })

  it('shows a guide in a browser, and finds a word of another one', async (t) => {
    const site = await serve(siteFolder)
    const browser = await launch()
    t.after(async () => {
      await browser.close()
      site.close()
    })
    const page = await browser.newPage()
    page.setDefaultTimeout(patience)
    const errors = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(`${site.address}/guide/offline.html`)
    await page.getByRole('heading', { level: 1, name: 'Offline' }).waitFor()
    // What a server rendered is there before it hears a key.
    await page.waitForFunction(() => globalThis.document.getElementById('app').__vue_app__)
    await page.keyboard.press('Control+k')
    await page.getByPlaceholder('Search').fill('refreshToken')
    await page.locator('#localsearch-list').getByText('Sign-in').first().waitFor()
    assert.deepEqual(errors, [])
  })
})
