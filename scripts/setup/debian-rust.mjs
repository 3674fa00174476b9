// The wasm target where rustup cannot download: Debian's own compiler, with a standard library built for wasm here.
// Debian brings the compiler and the library's source, not the compiled library with the bitcode that fat LTO needs.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandFailed, mustRun, run } from '../base/command.mjs'
import { toolsDir } from '../base/paths.mjs'
import { installDebianPackages } from './debian-packages.mjs'

const toolchain = 'debian'
const target = 'wasm32-unknown-unknown'
const stamp = join(toolsDir, 'debian-wasm-toolchain')
const libraryDir = `/usr/lib/rustlib/${target}/lib`
const linker = '/usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld'

/** The name of the linked toolchain, if this machine had to take that way. */
export const debianWasmToolchain = () => (existsSync(stamp) ? toolchain : undefined)

export async function installDebianWasmToolchain(whyNotRustup) {
  try {
    await installDebianPackages({
      'rustc-web': '/usr/bin/rustc',
      'cargo-web': '/usr/bin/cargo',
      'rust-web-src': '/usr/lib/rustlib/src/rust/library/std/Cargo.toml',
      'lld-22': '/usr/bin/lld-22',
    })
  } catch (error) {
    throw new CommandFailed(
      `rustup could not add the target ${target}:\n${whyNotRustup}\nand Debian's compiler could not be taken instead:\n${error.message}\n` +
        `Do this where the network allows it: rustup target add ${target}`,
    )
  }
  const version = (await mustRun('/usr/bin/rustc', ['-V'])).stdout
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== version) await buildLibrary()
  if (!existsSync(linker)) {
    mkdirSync(join(linker, '..'), { recursive: true })
    symlinkSync('/usr/bin/lld-22', linker)
  }
  await mustRun('rustup', ['toolchain', 'link', toolchain, '/usr'])
  mkdirSync(toolsDir, { recursive: true })
  writeFileSync(stamp, version)
}

// An empty crate that asks for a standard library of its own makes cargo compile one.
async function buildLibrary() {
  const folder = mkdtempSync(join(tmpdir(), 'baro-std-'))
  try {
    mkdirSync(join(folder, 'src'))
    writeFileSync(join(folder, 'src/lib.rs'), '')
    writeFileSync(
      join(folder, 'Cargo.toml'),
      '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[profile.release]\nopt-level = "z"\n',
    )
    const built = await run(
      '/usr/bin/cargo',
      ['build', '--release', '--target', target, '-Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro'],
      {
        cwd: folder,
        env: {
          RUSTC_BOOTSTRAP: '1',
          RUSTC: '/usr/bin/rustc',
          CARGO_TARGET_DIR: join(folder, 'target'),
          CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: '-Cembed-bitcode=yes',
        },
      },
    )
    if (built.code !== 0)
      throw new CommandFailed(`Could not compile the standard library for ${target}.\n${built.output.trim()}`)
    const made = join(folder, 'target', target, 'release/deps')
    mkdirSync(libraryDir, { recursive: true })
    for (const name of readdirSync(made)) {
      if (name.endsWith('.rlib') && !name.startsWith('libempty-'))
        copyFileSync(join(made, name), join(libraryDir, name))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
