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
