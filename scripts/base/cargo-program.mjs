// Programs of this workspace: what compiles them, and where they are then.

import { join } from 'node:path'
import { at } from './paths.mjs'
import { CommandFailed, mustRun, start } from './command.mjs'
import { step } from './progress.mjs'

const folders = { dev: 'debug' }

/** Is there such a program in the workspace? */
export async function hasCargoProgram(name) {
  return (await packageOf(name)) !== undefined
}

async function packageOf(program) {
  const { stdout } = await mustRun('cargo', ['metadata', '--no-deps', '--format-version', '1'])
  return JSON.parse(stdout).packages.find(({ targets }) =>
    targets.some(({ kind, name }) => name === program && kind.includes('bin')),
  )?.name
}

/** Compiles a program and returns its path. */
export async function buildCargoProgram(program, profile, env = {}) {
  const owner = await packageOf(program)
  if (!owner) throw new CommandFailed(`No crate of this workspace has a program called ${program}.`)
  await step(`${program}, profile ${profile}`, () =>
    mustRun('cargo', ['build', '--profile', profile, '-p', owner, '--bin', program], { show: true, env }),
  )
  return join(env.CARGO_TARGET_DIR ?? at('target'), folders[profile] ?? profile, program)
}

/** Runs a program in the foreground and returns its exit code. It gets time to finish what it is doing when it is told to stop. */
export function inForeground(path, args) {
  return new Promise((resolve, reject) => {
    const child = start(path, args, { stdio: 'inherit', graceMs: 30_000 })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? (signal ? 1 : 0)))
  })
}
