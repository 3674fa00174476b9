// Where things are. Every path that more than one script needs is named here once.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

export const at = (...parts) => join(root, ...parts)

/** Tools that set-up installs. Survives a clean of the build. */
export const toolsDir = at('.tools')
/** Intermediate files and stamps. Deleting it costs time, nothing else. */
export const cacheDir = at('.cache')
export const distDir = at('dist')
/** The published package, unpacked. */
export const packageDir = at('dist', 'package')

/** The one version of everything: that of the workspace in Cargo.toml. */
export function projectVersion() {
  const manifest = readFileSync(at('Cargo.toml'), 'utf8')
  const section = manifest.split(/^\[/m).find((text) => text.startsWith('workspace.package]'))
  const version = section?.match(/^version\s*=\s*"([^"]+)"/m)?.[1]
  if (!version) throw new Error('Cargo.toml has no version under [workspace.package].')
  return version
}

export const tarballName = () => `baro-calendar-realtime-${projectVersion()}.tgz`

/** The version of a crate as Cargo.lock pins it. */
export function lockedCrateVersion(crate) {
  const lock = readFileSync(at('Cargo.lock'), 'utf8')
  const version = lock.match(new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`))?.[1]
  if (!version) throw new Error(`Cargo.lock has no crate ${crate}.`)
  return version
}
