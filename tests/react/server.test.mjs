import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { connected, eventAt, untilIn } from '../e2e/support/page.mjs'
import { installPackage, repository, runNode } from '../packaging/installed.mjs'
import { folderOf, versions } from './support/bundle.mjs'
import { openReactRoom } from './support/room.mjs'

const ofReact = ['react', 'react-dom', 'csstype', '@types/react', '@types/react-dom', '@types/prop-types']

/** The packed package beside a version of React. */
async function install(version) {
  const folder = installPackage()
  const installed = join(await folderOf(version), 'node_modules')
  mkdirSync(join(folder, 'node_modules/@types'))
  for (const name of ofReact.filter((one) => existsSync(join(installed, one)))) {
    symlinkSync(join(installed, name), join(folder, 'node_modules', name))
  }
  symlinkSync(join(repository, 'node_modules/jsdom'), join(folder, 'node_modules/jsdom'))
  return folder
}

const loading = {
  mjs: (name, from) => `import * as ${name} from '${from}'`,
  cjs: (name, from) => `const ${name} = require('${from}')`,
}

const program = (load) => `
// Whoever looks at what only a browser has is caught.
const touched = []
for (const name of ['window', 'document', 'WebSocket', 'indexedDB', 'localStorage']) {
  Object.defineProperty(globalThis, name, { configurable: true, get: () => void touched.push(name) })
}
${load('React', 'react')}
${load('server', 'react-dom/server')}
const before = touched.length
${load('baro', '@baro-calendar/realtime/react')}
const h = React.createElement
const Titles = () => h('p', null, baro.useConnectionState() + ' ' + baro.useCalendarEvents().length)
const names = ['ConnectionStatus', 'ActiveUsersList', 'CollaborationCursors', 'SyncProgress', 'ConflictDialog', 'TypingIndicator']
const children = [Titles, ...names.map((name) => baro[name])].map((type, key) => h(type, { key }))
const render = (props) => server.renderToString(h(baro.RealtimeCalendarProvider, { config: { url: '/ws' }, ...props }, children))
const alone = (() => {
  try {
    return server.renderToString(h(Titles))
  } catch (error) {
    return error.code
  }
})()
console.log(JSON.stringify({ touched: touched.slice(before), html: render({}), korean: render({ locale: 'ko' }), alone }))
`

const inDocument = `
import { JSDOM } from 'jsdom'
const { window } = new JSDOM('<!doctype html><div id="root"></div>', { url: 'http://localhost/', pretendToBeVisual: true })
const taken = ['document', 'navigator', 'Element', 'HTMLElement', 'requestAnimationFrame', 'cancelAnimationFrame']
for (const [name, value] of [['window', window], ...taken.map((one) => [one, window[one]])]) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
}
globalThis.IS_REACT_ACT_ENVIRONMENT = true
const React = await import('react')
const { createRoot } = await import('react-dom/client')
const baro = await import('@baro-calendar/realtime/react')
const h = React.createElement
let calendar
const Titles = () => {
  calendar = baro.useCalendar()
  return h('p', null, baro.useConnectionState() + ' ' + baro.useCalendarEvents().length)
}
const names = ['ConnectionStatus', 'ActiveUsersList', 'CollaborationCursors', 'SyncProgress', 'ConflictDialog', 'TypingIndicator']
const children = [Titles, ...names.map((name) => baro[name])].map((type, key) => h(type, { key }))
const config = { url: 'ws://localhost:9/ws', offline: false }
const root = createRoot(document.getElementById('root'))
const seen = () => [document.querySelector('p').textContent, document.querySelector('.baro-connection-text').textContent]
const { act } = React
await act(() => root.render(h(baro.RealtimeCalendarProvider, { config, autoConnect: false }, children)))
const before = seen()
while (calendar === undefined) await act(() => new Promise((resolve) => setTimeout(resolve, 10)))
await act(async () => {
  calendar.createEvent({ title: 'Lunch', startDate: '2026-01-01', endDate: '2026-01-02' })
  await new Promise((resolve) => setTimeout(resolve, 0))
})
while (!seen()[0].endsWith('1')) await act(() => new Promise((resolve) => setTimeout(resolve, 10)))
const made = seen()
await act(() => root.unmount())
console.log(JSON.stringify({ before, made, after: document.getElementById('root').childElementCount }))
// What jsdom keeps running is its own.
window.close()
`

for (const version of versions) {
  describe(`on a server with React ${version}`, () => {
    let folder
    before(async () => {
      folder = await install(version)
    })

    for (const [format, load] of Object.entries(loading)) {
      it(`${format} renders the disconnected state, and touches nothing of a browser`, async () => {
        const { touched, html, korean, alone } = runNode(folder, `render.${format}`, program(load))
        assert.deepEqual(touched, [])
        assert.match(html, /<p>disconnected 0<\/p>/)
        assert.match(html, /data-state="disconnected"[^]*Offline/)
        assert.match(korean, /오프라인/)
        assert.equal(alone, 'no_provider')
      })
    }

    it('a document without a browser, as test runners have it, shows everything and gives it back', () => {
      const shown = runNode(folder, 'document.mjs', inDocument)
      assert.deepEqual(shown, { before: ['disconnected 0', 'Offline'], made: ['disconnected 1', 'Offline'], after: 0 })
    })

    const room = openReactRoom('hydrated', version)

    it('what is rendered is taken over by the page without a difference', async (t) => {
      const { server, page, show } = await room.open(t, { props: null })
      await server.rest('POST', '', eventAt(9, 'Breakfast', { projectId: 'mine' }))
      const said = []
      page.on('console', (message) => message.type() === 'error' && said.push(message.text()))
      await show()
      await connected(page)
      await untilIn(page, () => document.querySelector('[data-testid=page]').textContent === 'connected 0 Breakfast')
      assert.match(await page.evaluate(() => globalThis.html), /disconnected<!-- --> <!-- -->0/)
      assert.deepEqual([said, await page.evaluate(() => globalThis.complaints)], [[], []])
    })

    it('a program compiles strictly with its types', async () => {
      cpSync(join(repository, 'tests/types/react.tsx'), join(folder, 'react.tsx'))
      cpSync(join(repository, 'tests/types/equal.ts'), join(folder, 'equal.ts'))
      const compilerOptions = {
        module: 'esnext',
        moduleResolution: 'bundler',
        target: 'es2022',
        lib: ['es2022', 'dom'],
        types: [],
        jsx: 'react-jsx',
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        preserveSymlinks: true,
        skipLibCheck: false,
      }
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['react.tsx'] }))
      try {
        execFileSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', folder], {
          encoding: 'utf8',
        })
      } catch (error) {
        assert.fail(error.stdout)
      }
    })
  })
}
