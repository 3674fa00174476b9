// Test runners, with what they take to be a page and without.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { entriesOf, link, repository, versionOf } from '../installed.mjs'

const { resolve } = createRequire(import.meta.url)
const name = '@baro-calendar/realtime'

/** Whether it works is asked, not how quickly: both runners end a test after 5 s otherwise. */
const patient = '--testTimeout=60000'

/** A test as a user writes it: it edits while there is no server. */
const body = (load) => `
test('an edit shows at once', async () => {
  const { init, RealtimeCalendar } = ${load(name)}
  await init()
  const calendar = new RealtimeCalendar({ url: 'ws://127.0.0.1:9/ws', offline: false })
  calendar.createEvent({ title: 'Lunch', startDate: '2026-03-02T12:00:00Z', endDate: '2026-03-02T13:00:00Z' })
  expect(calendar.getEvents().map(({ title }) => title)).toEqual(['Lunch'])
  await calendar.destroy()
})
`
const fills = (load, entry) => `
test('${entry} exports something', async () => {
  expect(Object.keys(${load(entry)}).length).toBeGreaterThan(0)
})
`

/** Writes the tests into a folder of their own and runs them; they fail if none was found. */
function runTests({ folder }, runner, kind, { file, load, head = '', beside = {} }, command) {
  const place = join(folder, `tests-${runner}-${kind}`)
  mkdirSync(place)
  const entries = entriesOf(folder)
  writeFileSync(join(place, file), head + body(load) + entries.map((entry) => fills(load, entry)).join(''))
  writeFileSync(join(place, 'package.json'), '{ "private": true }\n')
  for (const [name, text] of Object.entries(beside)) writeFileSync(join(place, name), text)
  try {
    const [script, ...args] = command(place)
    const options = {
      cwd: place,
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: 120_000,
      env: { ...process.env, CI: 'true' },
    }
    // Inside of node:test, Node makes every child one of its own test processes.
    delete options.env.NODE_TEST_CONTEXT
    execFileSync(process.execPath, [script, ...args], options)
  } catch (error) {
    assert.fail(`${error.message}\n${error.stdout}\n${error.stderr}`)
  }
}

const vitest = (environment) => (room) => {
  const load = (entry) => `await import('${entry}')`
  const given = { file: 'calendar.test.mjs', load, head: "import { expect, test } from 'vitest'\n" }
  const script = join(resolve('vitest/package.json'), '../vitest.mjs')
  const command = (place) => [script, 'run', '--root', place, '--environment', environment, patient]
  runTests(room, 'vitest', environment, given, command)
}

/** `environment` is a module, `beside` the files that lie beside the tests. */
const jest =
  (kind, environment, beside = {}) =>
  (room) => {
    const given = { file: 'calendar.test.js', load: (entry) => `require('${entry}')`, beside }
    const script = resolve('jest/bin/jest')
    runTests(room, 'jest', kind, given, (place) => [script, '--rootDir', place, '--env', environment, '--ci', patient])
  }

/** What the guide says is to be added to jsdom, since Jest gives a page nothing of Node's. */
function environmentOfGuide() {
  const guide = readFileSync(join(repository, 'docs/guide/bundlers.md'), 'utf8')
  const [, code] =
    guide.match(/```js\n(\/\/ jest-environment\.js\n[^]*?)```/) ?? assert.fail('the guide has no environment')
  return { 'jest-environment.js': code }
}

/** What has to lie beside the tests that the runners run. */
export const linkRunners = (folder) => link(folder, ['vitest', 'jsdom', 'jest-environment-jsdom'])

const row = (tool, package_, way, run) => ({ tool, version: versionOf(package_), isPinned: true, way, run })

export const runners = [
  row('Vitest', 'vitest', 'environment `node`', vitest('node')),
  row('Vitest', 'vitest', 'environment `jsdom`', vitest('jsdom')),
  row('Jest', 'jest', 'environment `node`', jest('node', resolve('jest-environment-node'))),
  row('Jest', 'jest', 'environment `jsdom` with what is added below', (room) =>
    jest('jsdom', './jest-environment.js', environmentOfGuide())(room),
  ),
]
