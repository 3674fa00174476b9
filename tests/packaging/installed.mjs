// The packed package, installed as a user installs it: from the tarball into an empty folder.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

/** The packed package, as the command before the tests has left it. */
export function tarball() {
  const folder = join(repository, 'dist')
  const packed = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  if (packed.length !== 1)
    throw new Error(`dist/ holds ${packed.length} packed files instead of one; run npm run pack.`)
  return join(folder, packed[0])
}

const folders = []
let installed

/** What npm makes of the tarball, once a process. */
function install() {
  const folder = makeFolder()
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', tarball()], {
    cwd: folder,
  })
  return folder
}

function makeFolder() {
  if (folders.length === 0) {
    process.on('exit', () => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    })
  }
  folders.push(mkdtempSync(join(tmpdir(), 'baro-packaging-')))
  return folders.at(-1)
}

/**
 * A folder with the package installed, and with `files` beside it and what `more` makes of the folder then. It goes when the
 * process ends.
 */
export function installPackage(files = {}, more = () => ({})) {
  installed ??= install()
  const folder = makeFolder()
  cpSync(installed, folder, { recursive: true })
  for (const [name, text] of Object.entries({ ...files, ...more(folder) })) writeFileSync(join(folder, name), text)
  return folder
}

export const packageIn = (folder) => join(folder, 'node_modules/@baro-calendar/realtime')

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** The names of the package's modules as a program imports them. */
export function entriesOf(folder) {
  const { name, exports } = manifestOf(packageIn(folder))
  return Object.keys(exports)
    .filter((entry) => !/\.(json|css|wasm)$/.test(entry))
    .map((entry) => name + entry.slice(1))
}

/** What the package names as its peers. */
export const peersOf = (folder) => Object.keys(manifestOf(packageIn(folder)).peerDependencies ?? {})

/** Gives the folder packages of the repository as if they were installed in it. */
export function link(folder, names) {
  for (const name of names) {
    const place = join(folder, 'node_modules', name)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(join(repository, 'node_modules', name), place, 'dir')
  }
}

/** The version of a package of the repository. */
export const versionOf = (name) => manifestOf(join(repository, 'node_modules', name)).version

/** Runs a program of one file in the folder with Node, and returns what it prints as JSON. */
export function runNode(folder, name, source) {
  const file = join(folder, name)
  writeFileSync(file, source)
  return JSON.parse(execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: 30_000 }))
}
