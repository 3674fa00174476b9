// The Rust tests of src/browser and tests/web in three real browsers.

import { mustRun, run } from '../base/command.mjs'
import { say, step } from '../base/progress.mjs'
import { pathWith, toolPath } from '../setup/cargo-tools.mjs'
import { wasmEnvironment, wasmTarget } from '../setup/rust.mjs'
import { add, countTests, none, outcome } from './counting.mjs'

/** A runner that hangs says nothing. One that is slow says what it has come to. */
const silenceMs = 300_000

const engines = {
  Chromium: { flags: ['--chrome', '--chromedriver', '/usr/bin/chromedriver'] },
  Firefox: { flags: ['--firefox', '--geckodriver', toolPath('geckodriver')] },
  // WebKit's driver hangs without a display; Xvfb is one that nobody looks at.
  WebKit: {
    flags: ['--safari', '--safaridriver', '/usr/bin/WebKitWebDriver'],
    through: ['xvfb-run', '-a'],
    env: { SAFARIDRIVER: '/usr/bin/WebKitWebDriver' },
  },
}

// What a driver or the runner says when no test was reached. Anything else that goes wrong is a result.
const driverFailure =
  /failed to (?:bind|start|spawn)|driver (?:failed|exited|never)|session not created|error sending request|connection refused|http status: 5\d\d/i

const tests = ['--lib', '--test', 'web']

/** Runs all engines, one after the other; they share one compilation, which takes as long as it takes. */
export async function testInBrowsers() {
  await step('tests for browsers', () =>
    mustRun('cargo', ['build', '--tests', '--target', wasmTarget, ...tests], { env: wasmEnvironment(), show: true }),
  )
  let total = none
  for (const [name, engine] of Object.entries(engines)) {
    const word = async () => {
      const counts = await countIn(name, engine)
      total = add(total, counts)
      return `${counts.passed} passed, ${counts.failed} failed`
    }
    await step(name, word, (outcome) => !outcome.endsWith(' 0 failed'))
  }
  return total
}

async function countIn(name, engine) {
  let result = await testIn(engine)
  if (result.code !== 0 && countTests(result.output).passed === 0 && driverFailure.test(result.output)) {
    say(`${name} did not start, once more:\n${result.output.trim().split('\n').slice(-5).join('\n')}`)
    result = await testIn(engine)
  }
  const counts = outcome(result)
  if (counts.failed > 0) say(result.output)
  return counts
}

function testIn({ flags, through = [], env = {} }) {
  const command = [...through, toolPath('wasm-pack'), 'test', '--headless', ...flags, '--', ...tests]
  return run(command[0], command.slice(1), {
    silenceMs,
    env: {
      ...wasmEnvironment(),
      PATH: pathWith('wasm-bindgen', 'wasm-pack', 'geckodriver'),
      // For all tests together, and for a browser to start.
      WASM_BINDGEN_TEST_TIMEOUT: '240',
      // What a driver may take to listen; 5 s otherwise.
      WASM_BINDGEN_TEST_DRIVER_TIMEOUT: '60',
      ...env,
    },
  })
}
