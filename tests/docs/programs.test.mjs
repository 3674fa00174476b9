// The programs that the documents show whole, run as they stand: pages in Chromium, the rest in Node.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import { patience } from '../e2e/support/until.mjs'
import { launch } from '../packaging/browser.mjs'
import { installPackage, repository } from '../packaging/installed.mjs'
import { blocks, blocksIn, filesOf } from './support/blocks.mjs'
import { listening, program, startServer } from './support/server.mjs'

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
    await shareBuiltByVite(main, 'app.tsx', filesOf('docs/guide/react.md')['app.tsx'])
  })

  it('share a calendar between two windows, as the README does', async () => {
    const page = blocksIn('tsx').find(({ document }) => document === 'README.md').text
    const main = `import { createRoot } from 'react-dom/client'
      import Page from './page.tsx'
      createRoot(document.body.appendChild(document.createElement('div'))).render(<Page />)`
    await shareBuiltByVite(main, 'page.tsx', page)
  })

  it('write, undo and sign out, as the README does', async () => {
    const program = blocksIn('ts').find(({ document }) => document === 'README.md').text
    const [named] = /^import .*$/m.exec(program)
    const main = `${named}
      const shown = []
      const render = (events) => shown.push(events.map(({ title }) => title).join())
      ${onThisServer(program).replace(named, '')}
      globalThis.shown = shown`
    const folder = folderWith({ 'main.ts': main, 'index.html': started['index.html'].replace('main.js', 'main.ts') })
    await build({ root: folder, configFile: false, logLevel: 'error' })
    const server = await startServer('--auth', 'none', '--serve', join(folder, 'dist'))
    const page = await browser.newPage()
    page.setDefaultTimeout(patience)
    try {
      await page.goto(`http://${server.address}/`)
      const shown = await page.waitForFunction(() => globalThis.shown)
      assert.ok((await shown.jsonValue()).includes('Lunch'))
      // undo() took it back before logout() let the user go.
      const answer = await fetch(`http://${server.address}/api/events?projectId=team`)
      assert.deepEqual(await answer.json(), [])
    } finally {
      await page.close()
      await server.stop()
    }
  })

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

  async function shareBuiltByVite(main, file, source) {
    const folder = folderWith({ 'index.html': started['index.html'].replace('main.js', 'main.tsx'), 'main.tsx': main })
    for (const name of ['react', 'react-dom', 'scheduler']) borrow(folder, name)
    await shareBetweenWindows(join(folder, 'dist'), source, async (_, text) => {
      writeFileSync(join(folder, file), text)
      await build({ root: folder, configFile: false, logLevel: 'error', resolve: { preserveSymlinks: true } })
    })
  }

  async function shareBetweenWindows(folder, source, put) {
    await put('main.js', onThisServer(source))
    const server = await startServer('--auth', 'none', '--serve', folder)
    try {
      const errors = []
      const open = async () => {
        const page = await (await browser.newContext()).newPage()
        page.setDefaultTimeout(patience)
        page.on('pageerror', (error) => errors.push(error.message))
        page.on('console', (said) => said.type() === 'error' && errors.push(said.text()))
        await page.goto(`http://${server.address}/`)
        return page
      }
      const [one, other] = [await open(), await open()]
      try {
        await one.getByRole('button', { name: 'Lunch' }).click()
        await other
          .getByRole('listitem')
          .filter({ hasText: 'Lunch', hasNot: other.getByRole('button') })
          .waitFor()
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
