// Tells whether something has to be made again: the hash of what goes in is compared with that of the last time.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { cacheDir, root } from './paths.mjs'

/** All files below a path, sorted, so that the same tree always gives the same hash. */
export function filesBelow(path) {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules' && entry.name !== 'target')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)]))
}

/** The hash of files, folders and further words. */
export function fingerprint(paths, words = []) {
  const hash = createHash('sha256')
  for (const word of words) hash.update(`${word}\0`)
  for (const file of paths.flatMap(filesBelow)) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

const stampFile = (name) => join(cacheDir, 'stamps', name)

/** Makes something again only when its fingerprint changed or one of its outputs is gone. */
export async function whenChanged(name, print, outputs, make) {
  const file = stampFile(name)
  const same = existsSync(file) && readFileSync(file, 'utf8') === print && outputs.every((path) => existsSync(path))
  if (same) return false
  rmSync(file, { force: true })
  await make()
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, print)
  return true
}
