// What rustup has to bring beyond the compiler: the wasm target, and for lint the formatter and clippy.

import { existsSync } from 'node:fs'
import { CommandFailed, hasProgram, environment, run } from '../base/command.mjs'
import { step } from '../base/progress.mjs'
import { debianWasmToolchain, installDebianWasmToolchain } from './debian-rust.mjs'

export const wasmTarget = 'wasm32-unknown-unknown'
const downloadLimitMs = 120_000

/** Without a compiler nothing works, so this is asked first and answered plainly. */
export async function requireCargo() {
  if (hasProgram('cargo')) return
  throw new CommandFailed(
    `cargo is not on PATH (${environment().PATH}). Install Rust with rustup (https://rustup.rs), then run this again.`,
  )
}

/** Environment for a cargo call that compiles to wasm. */
export function wasmEnvironment() {
  const toolchain = debianWasmToolchain()
  return toolchain ? { RUSTUP_TOOLCHAIN: toolchain } : {}
}

async function hasWasmTarget() {
  const { code, stdout } = await run('rustc', ['--print', 'target-libdir', '--target', wasmTarget], {
    env: wasmEnvironment(),
  })
  return code === 0 && existsSync(stdout.trim())
}

export async function installWasmTarget() {
  if (await hasWasmTarget()) return
  await step(`Rust target ${wasmTarget}`, async () => {
    const added = hasProgram('rustup')
      ? await run('rustup', ['target', 'add', wasmTarget], { timeoutMs: downloadLimitMs })
      : { code: 127, output: 'rustup is not on PATH.' }
    if (added.code === 0 && (await hasWasmTarget())) return 'from rustup'
    const said = added.output.trim().split('\n').slice(-4).join('\n')
    await installDebianWasmToolchain(said)
    return "from Debian's compiler, because rustup could not download"
  })
}

export async function installLintComponents() {
  const missing = []
  for (const [component, args] of [
    ['rustfmt', ['fmt', '--version']],
    ['clippy', ['clippy', '--version']],
  ]) {
    if ((await run('cargo', args)).code !== 0) missing.push(component)
  }
  if (missing.length === 0) return
  await step(`Rust components ${missing.join(' ')}`, async () => {
    const add = () => run('rustup', ['component', 'add', ...missing], { timeoutMs: downloadLimitMs })
    let added = await add()
    if (added.code !== 0) added = await add()
    if (added.code !== 0) {
      throw new CommandFailed(
        `Could not add ${missing.join(' and ')}.\n${added.output.trim()}\nBy hand: rustup component add ${missing.join(' ')}`,
      )
    }
  })
}
