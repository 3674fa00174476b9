// The packed package, installed as a user installs it: from the tarball into an empty folder.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

function tarball() {
  const folder = join(repository, 'dist')
  const packed = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  if (packed.length !== 1)
    throw new Error(`dist/ holds ${packed.length} packed files instead of one; run npm run pack.`)
  return join(folder, packed[0])
}

/** Installs the package and writes `files` beside it. The folder goes when the process ends. */
export function installPackage(files = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'baro-packaging-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', tarball()], {
    cwd: folder,
  })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

export const packageIn = (folder) => join(folder, 'node_modules/@baro-calendar/realtime')

/** Runs a program of one file in the folder with Node, and returns what it prints as JSON. */
export function runNode(folder, name, source) {
  const file = join(folder, name)
  writeFileSync(file, source)
  return JSON.parse(execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: 30_000 }))
}
