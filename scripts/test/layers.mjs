// What `npm test` runs, in order: the quick and precise first, the whole product last. Each returns its counts.

import { existsSync, readdirSync } from 'node:fs'
import { hasCargoProgram } from '../base/cargo-program.mjs'
import { mustRun, run } from '../base/command.mjs'
import { at } from '../base/paths.mjs'
import { say, step } from '../base/progress.mjs'
import { buildDemo } from '../demo.mjs'
import { pack } from '../pack.mjs'
import { mutantsBuild } from '../simulate.mjs'
import { testInBrowsers } from './browsers.mjs'
import { none, outcome } from './counting.mjs'

// The same worlds for every change, so that one that fails tells of the change. New ones are looked for with
// `npm run simulate -- --seeds N`, and what they find goes into the bank.
const worlds = ['--seeds', '3000', '--base', '1000000']

/** And the same cases of property tests. `cargo test --test properties` alone looks for new ones. */
const sameCases = { PROPTEST_RNG_SEED: process.env.PROPTEST_RNG_SEED ?? '1' }

/** The server as the native layer has compiled it. */
const withServer = { BARO_SERVER: at('target/debug/baro-realtime-server') }

export const layers = {
  native: async () =>
    outcome(await run('cargo', ['test', '--workspace', '--no-fail-fast'], { env: sameCases, show: true })),
  simulation: simulate,
  mutants: plantBugs,
  browsers: testInBrowsers,
  package: async () => {
    await pack()
    return none
  },
  packaging: () => nodeTests('tests/packaging'),
  conformance: () => nodeTests('tests/conformance'),
  e2e: endToEnd,
  react: () => besideServer('tests/react'),
  stores: () => besideServer('tests/stores'),
  docs: documentation,
}

async function simulate() {
  if (!(await hasCargoProgram('simulate'))) {
    say('This workspace has no simulator.')
    return none
  }
  const args = ['run', '--profile', 'simulation', '-p', 'baro-simulation', '--bin', 'simulate', '--', ...worlds]
  return outcome(await run('cargo', args, { show: true }))
}

/** Bugs planted in the core and the server, each of which the simulator has to find. */
async function plantBugs() {
  const args = ['run', '--profile', 'simulation', '-p', 'baro-simulation', '--bin', 'simulate', '--', '--mutants']
  return outcome(await run('cargo', args, { env: mutantsBuild, show: true }))
}

async function endToEnd() {
  if (testFiles('tests/e2e').length === 0) {
    say('tests/e2e holds no tests.')
    return none
  }
  await buildDemo()
  await buildServer()
  return nodeTests('tests/e2e', { ...withServer, BARO_DEMO: at('www/dist') })
}

/** What the documents show is compiled and run, and the site that is made of them has its links followed. */
async function documentation() {
  await pack()
  await buildServer()
  return nodeTests('tests/docs', withServer)
}

async function besideServer(folder) {
  await buildServer()
  return nodeTests(folder, withServer)
}

// The server as the native layer has compiled it already. The same selection, or cargo would compile half of it anew.
const buildServer = () =>
  step('server', () => mustRun('cargo', ['build', '--workspace', '--bins', '--tests'], { show: true }))

const testFiles = (folder) =>
  existsSync(at(folder))
    ? readdirSync(at(folder))
        .filter((name) => name.endsWith('.test.mjs'))
        .map((name) => `${folder}/${name}`)
    : []

// One file at a time: each starts a browser or a bundler, and their times are part of what is tested. However long all of them
// take, one that hangs says nothing.
async function nodeTests(folder, env = {}) {
  const args = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...testFiles(folder)]
  return outcome(await run(process.execPath, args, { env, show: true, silenceMs: 300_000 }))
}
