// Brings a machine to where a command can run: `npm run setup` for everything, `npm run setup -- build` for less.
// Does only what is missing, and takes a fraction of a second when nothing is.

import { CommandFailed } from './base/command.mjs'
import { alone } from './base/lock.mjs'
import { at } from './base/paths.mjs'
import { main, say } from './base/progress.mjs'
import { installCargoTools } from './setup/cargo-tools.mjs'
import { browserPackages, installDebianPackages } from './setup/debian-packages.mjs'
import { installNpmPackages } from './setup/npm-packages.mjs'
import { installLintComponents, installWasmTarget, requireCargo } from './setup/rust.mjs'

// Lanes run side by side, the parts of one lane after each other: a lane waits either for the network or for the
// processor, and two compilers at once would only slow each other down.
const download = {
  npm: () => installNpmPackages(),
  react18: () => installNpmPackages(at('tests/react/react-18'), 'React 18'),
  browsers: () => installDebianPackages(browserPackages),
}
const compile = {
  target: installWasmTarget,
  components: installLintComponents,
  bindgen: () => installCargoTools(['wasm-bindgen-cli']),
  drivers: () => installCargoTools(['wasm-pack', 'geckodriver']),
}

const purposes = {
  server: [[], []],
  docs: [['npm'], []],
  build: [['npm'], ['target', 'bindgen']],
  lint: [['npm'], ['target', 'components', 'bindgen']],
  test: [
    ['npm', 'react18', 'browsers'],
    ['target', 'bindgen', 'drivers'],
  ],
  everything: [
    ['npm', 'react18', 'browsers'],
    ['target', 'components', 'bindgen', 'drivers'],
  ],
}

/** Sets up what a purpose needs. Everything that can be done is done before a failure is reported. */
export async function setUp(purpose) {
  const [downloads, compiles] =
    purposes[purpose] ?? fail(`There is no set-up for "${purpose}". There is: ${Object.keys(purposes).join(', ')}.`)
  await requireCargo()
  await alone('set-up', async () => {
    const lanes = [downloads.map((name) => download[name]), compiles.map((name) => compile[name])]
    const problems = (await Promise.all(lanes.map(runLane))).flat()
    if (problems.length > 0) throw new CommandFailed(problems.join('\n\n'))
  })
}

async function runLane(parts) {
  const problems = []
  for (const part of parts) {
    try {
      await part()
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
      problems.push(error.message)
    }
  }
  return problems
}

function fail(message) {
  throw new CommandFailed(message)
}

await main(import.meta, async ([purpose = 'everything']) => {
  await setUp(purpose)
  say('Everything is in place.')
})
