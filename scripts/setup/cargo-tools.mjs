// Programs from crates.io, each in a folder that carries its version: the folder's existence is its stamp.

import { existsSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { mustRun, run } from '../base/command.mjs'
import { lockedCrateVersion, toolsDir } from '../base/paths.mjs'
import { step } from '../base/progress.mjs'

// wasm-bindgen's command line refuses a module made with another version of its crate, so the lock decides.
const tools = {
  'wasm-bindgen-cli': {
    programs: ['wasm-bindgen', 'wasm-bindgen-test-runner'],
    version: () => lockedCrateVersion('wasm-bindgen'),
    // It rewrites a module of a megabyte in every build.
    optimise: '1',
  },
  'wasm-pack': { programs: ['wasm-pack'], version: () => '0.15.1', optimise: '0' },
  geckodriver: { programs: ['geckodriver'], version: () => '0.37.1', optimise: '0' },
}

// These programs run for seconds; compiling them well would take twice as long as it takes now.
const quickProfile = {
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
  // What they share is compiled once.
  CARGO_TARGET_DIR: join(toolsDir, 'target'),
  // A linked toolchain for the wasm target is no compiler for these.
  RUSTFLAGS: '',
}

const folderOf = (crate) => join(toolsDir, `${crate}-${tools[crate].version()}`)
const isInstalled = (crate) => tools[crate].programs.every((name) => existsSync(join(folderOf(crate), 'bin', name)))

/** Where a program of one of these crates is. */
export function toolPath(program) {
  const crate = Object.keys(tools).find((name) => tools[name].programs.includes(program))
  return join(folderOf(crate), 'bin', program)
}

/** PATH with the programs of these crates in front. */
export const pathWith = (...programs) =>
  [...programs.map((program) => join(toolPath(program), '..')), process.env.PATH].join(delimiter)

/** Installs what is missing, one after the other: side by side they would fight over two cores and one lock. */
export async function installCargoTools(crates) {
  const missing = crates.filter((crate) => !isInstalled(crate))
  if (missing.length === 0) return
  for (const crate of missing) {
    const version = tools[crate].version()
    await step(`${crate} ${version}, compiled from crates.io`, () => installOne(crate, version))
  }
  rmSync(quickProfile.CARGO_TARGET_DIR, { recursive: true, force: true })
}

async function installOne(crate, version) {
  const args = ['install', crate, '--version', version, '--root', folderOf(crate), '--no-track', '--force']
  const env = { ...quickProfile, CARGO_PROFILE_RELEASE_OPT_LEVEL: tools[crate].optimise }
  const locked = await run('cargo', [...args, '--locked'], { env })
  // A version in the crate's own lock can have been withdrawn from the registry.
  if (locked.code !== 0) await mustRun('cargo', args, { env })
}
