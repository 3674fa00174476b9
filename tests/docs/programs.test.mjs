// The programs that the documents show whole, run as they stand: pages in Chromium, the rest in Node.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import { launch } from '../packaging/browser.mjs'
import { installPackage, repository } from '../packaging/installed.mjs'
import { blocks, blocksIn, filesOf } from './support/blocks.mjs'
import { listening, program, startServer } from './support/server.mjs'

const patience = 15_000
const anEvent = { startDate: '2026-03-02T12:00:00Z', endDate: '2026-03-02T13:00:00Z', projectId: 'team' }

let installed

/** The package installed, and files of a document beside it. */
function folderWith(files) {
  installed ??= installPackage()
  const folder = mkdtempSync(join(installed, 'folder-'))
  cpSync(join(installed, 'node_modules'), join(folder, 'node_modules'), { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** The port is the one thing that is not as it stands. */
const onThisServer = (source) => source.replaceAll('ws://127.0.0.1:8787/ws', '/ws')

const borrow = (folder, name) => symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name))

describe('the programs of the guide', () => {
  let browser
  before(async () => {
    browser = await launch()
  })
  after(() => browser?.close())

  const started = filesOf('docs/guide/getting-started.md')

  it('are all those that name a file, and there is no page beside them', () => {
    const named = blocks.filter(({ title }) => title !== undefined).map(({ document, title }) => `${document} ${title}`)
    assert.deepEqual(named.sort(), [
      'docs/guide/auth.md token.mjs',
      'docs/guide/getting-started.md index.html',
      'docs/guide/getting-started.md main.js',
      'docs/guide/getting-started.md vite/main.js',
      'docs/guide/react.md app.tsx',
      'docs/guide/server.md plain-server.mjs',
      'docs/guide/testing-your-app.md calendar.test.mjs',
      'docs/guide/testing-your-app.md page.test.mjs',
    ])
    assert.equal(blocksIn('html').length, 1)
  })

  it('share a calendar between two windows, without a bundler', async () => {
    const folder = folderWith({ 'index.html': started['index.html'] })
    await shareBetweenWindows(folder, started['main.js'], (file, text) => writeFileSync(join(folder, file), text))
  })

  it('share a calendar between two windows, as Vite builds them', async () => {
    const folder = folderWith({ 'index.html': started['index.html'] })
    const [named] = started['vite/main.js'].split(/\n/)
    const source = started['main.js'].replace(/^import .*$/m, named)
    await shareBetweenWindows(join(folder, 'dist'), source, async (file, text) => {
      writeFileSync(join(folder, file), text)
      await build({ root: folder, configFile: false, logLevel: 'error' })
    })
  })

  it('share a calendar between two windows, in React', async () => {
    const main = `import { createRoot } from 'react-dom/client'
      import { App } from './app.tsx'
      createRoot(document.body.appendChild(document.createElement('div'))).render(<App />)`
    const react = filesOf('docs/guide/react.md')
    const folder = folderWith({ 'index.html': started['index.html'].replace('main.js', 'main.tsx'), 'main.tsx': main })
    for (const name of ['react', 'react-dom', 'scheduler']) borrow(folder, name)
    await shareBetweenWindows(join(folder, 'dist'), react['app.tsx'], async (_, text) => {
      writeFileSync(join(folder, 'app.tsx'), text)
      await build({ root: folder, configFile: false, logLevel: 'error', resolve: { preserveSymlinks: true } })
    })
  })

  it('show what others write, by the component of the README', async () => {
    const page = blocksIn('tsx').find(({ document }) => document === 'README.md').text
    const main = `import { createRoot } from 'react-dom/client'
      import Page from './page.tsx'
      createRoot(document.body.appendChild(document.createElement('div'))).render(<Page />)`
    await withBuilt({ 'main.tsx': main, 'page.tsx': onThisServer(page) }, async (address, opened) => {
      const body = JSON.stringify({ ...anEvent, title: 'From elsewhere' })
      const headers = { 'content-type': 'application/json' }
      assert.equal((await fetch(`${address}/api/events`, { method: 'POST', headers, body })).status, 201)
      await opened.getByText('From elsewhere').waitFor({ timeout: patience })
    })
  })

  it('write, undo and sign out, as the README does', async () => {
    const program = blocksIn('ts').find(({ document }) => document === 'README.md').text
    const main = `globalThis.shown = []
      const render = (events) => globalThis.shown.push(events.map(({ title }) => title).join())
      ${onThisServer(program).replace(/^import .*$/m, '')}
      globalThis.done = true`
    const [named] = /^import .*$/m.exec(program)
    await withBuilt({ 'main.ts': `${named}\n${main}` }, async (address, opened) => {
      await opened.waitForFunction(() => globalThis.done, undefined, { timeout: patience })
      const answer = await fetch(`${address}/api/events?projectId=team`)
      // It was created, and taken back by undo().
      assert.deepEqual(await answer.json(), [])
    })
  })

  /** Builds `files` with Vite, serves them with the reference server, and opens the page. */
  async function withBuilt(files, work) {
    const [main] = Object.keys(files)
    const folder = folderWith({ ...files, 'index.html': started['index.html'].replace('main.js', main) })
    for (const name of ['react', 'react-dom', 'scheduler']) borrow(folder, name)
    await build({ root: folder, configFile: false, logLevel: 'error', resolve: { preserveSymlinks: true } })
    const server = await startServer('--auth', 'none', '--serve', join(folder, 'dist'))
    const opened = await browser.newPage()
    const errors = []
    opened.on('pageerror', (error) => errors.push(error.message))
    try {
      await opened.goto(`http://${server.address}/`)
      await work(`http://${server.address}`, opened)
      assert.deepEqual(errors, [])
    } catch (cause) {
      throw new Error(`The page said: ${errors.join(' | ')}`, { cause })
    } finally {
      await opened.close()
      await server.stop()
    }
  }

  it('test a program against the real server, as the guide on testing does', async () => {
    const folder = folderWith(filesOf('docs/guide/testing-your-app.md'))
    borrow(folder, 'ws')
    const args = ['--test', '--test-reporter=tap', 'calendar.test.mjs']
    const env = { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH}` }
    // A test that runs tests must not be taken for one of them.
    delete env.NODE_TEST_CONTEXT
    const said = execFileSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      timeout: 60_000,
      env,
    })
    assert.match(said, /^# pass 2$/m)
    assert.match(said, /^# fail 0$/m)
  })

  it('drive a page by Playwright, as the guide on testing does', async () => {
    const folder = folderWith({ 'index.html': started['index.html'], 'main.js': onThisServer(started['main.js']) })
    writeFileSync(join(folder, 'page.test.mjs'), filesOf('docs/guide/testing-your-app.md')['page.test.mjs'])
    borrow(folder, 'playwright-core')
    const server = await startServer('--auth', 'none', '--serve', folder)
    try {
      const { bothShow } = await import(pathToFileURL(join(folder, 'page.test.mjs')).href)
      await bothShow(`http://${server.address}/`, '/usr/bin/chromium')
    } finally {
      await server.stop()
    }
  })

  async function shareBetweenWindows(folder, source, put) {
    await put('main.js', onThisServer(source))
    const server = await startServer('--auth', 'none', '--serve', folder)
    try {
      const errors = []
      const open = async () => {
        const page = await (await browser.newContext()).newPage()
        page.on('pageerror', (error) => errors.push(error.message))
        page.on('console', (said) => said.type() === 'error' && errors.push(said.text()))
        await page.goto(`http://${server.address}/`)
        return page
      }
      const [one, other] = [await open(), await open()]
      try {
        await one.getByRole('button', { name: 'Lunch' }).click({ timeout: patience })
        await other.getByRole('listitem').getByText('Lunch').waitFor({ timeout: patience })
      } catch (cause) {
        throw new Error(`The pages said: ${errors.join(' | ')}`, { cause })
      }
      // A browser asks for an icon that the page does not name.
      assert.deepEqual(
        errors.filter((text) => !/favicon|404/.test(text)),
        [],
      )
      await one.context().close()
      await other.context().close()
    } finally {
      await server.stop()
    }
  }

  it('sign in with the token of the guide, and see the projects that it names alone', async () => {
    const files = filesOf('docs/guide/auth.md')
    const folder = folderWith({ 'token.mjs': files['token.mjs'], secret: `${randomBytes(32).toString('hex')}\n` })
    const server = await startServer('--auth', 'jwt', '--jwt-secret-file', join(folder, 'secret'))
    try {
      const code = `import { tokenFor } from './token.mjs'; console.log(tokenFor('ana', ['team']))`
      const token = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
        cwd: folder,
        encoding: 'utf8',
      })
      const ask = (project, headers) => fetch(`http://${server.address}/api/events?projectId=${project}`, { headers })
      const bearer = { authorization: `Bearer ${token.trim()}` }
      assert.equal((await ask('team', bearer)).status, 200)
      assert.equal((await ask('other', bearer)).status, 403)
      assert.equal((await ask('team', {})).status, 401)
    } finally {
      await server.stop()
    }
  })

  it('serve a calendar by the plain wire in forty lines', async () => {
    const folder = folderWith({ 'plain-server.mjs': filesOf('docs/guide/server.md')['plain-server.mjs'] })
    borrow(folder, 'ws')
    const server = await listening(process.execPath, ['plain-server.mjs'], {
      cwd: folder,
      env: { ...process.env, PORT: '0' },
    })
    try {
      globalThis.WebSocket ??= (await import('ws')).WebSocket
      const entry = join(folder, 'node_modules/@baro-calendar/realtime/esm/index.js')
      const { default: init, RealtimeCalendar } = await import(pathToFileURL(entry).href)
      await init()
      const open = async (id) => {
        const calendar = new RealtimeCalendar({
          url: `ws://${server.address}/ws`,
          user: { id },
          offline: false,
        })
        await calendar.connect()
        await calendar.subscribeToProject('team')
        return calendar
      }
      const [ana, ben] = [await open('ana'), await open('ben')]
      const event = {
        title: 'Lunch',
        startDate: new Date(),
        endDate: new Date(Date.now() + 3_600_000),
        projectId: 'team',
      }
      const told = new Promise((resolve) => ben.once('event:created', resolve))
      const write = ana.createEvent(event)
      assert.equal((await write.confirmed).version, 1)
      assert.equal((await told).title, 'Lunch')
      await ben.updateEvent(write.id, { title: 'Dinner' }).confirmed
      const late = await open('eve')
      await new Promise((resolve) => {
        const look = () => late.getEvent(write.id)?.title === 'Dinner' && resolve()
        late.subscribeToEvents(look)
        look()
      })
      const gone = new Promise((resolve) => late.once('event:deleted', resolve))
      await ana.deleteEvent(write.id).confirmed
      assert.equal(await gone, write.id)
      for (const calendar of [ana, ben, late]) await calendar.destroy()
    } finally {
      await server.stop()
    }
  })
})
