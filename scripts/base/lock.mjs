// Lets one process at a time change shared folders (.tools, .cache, dist): two terminals may build at once. A lock that a
// crash left behind holds nobody up.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from './paths.mjs'
import { say } from './progress.mjs'

const held = new Set()

/** A file that is written in one go is not empty for so long, and what is done beside a lock does not take so long. */
const momentMs = 10_000

export async function alone(name, work, folder = cacheDir) {
  if (held.has(name)) return work()
  const file = join(folder, `${name}.lock`)
  mkdirSync(folder, { recursive: true })
  let told = false
  while (!take(file)) {
    if (!told) say(`· waiting for another ${name} in this folder`)
    told = true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  held.add(name)
  const release = () => rmSync(file, { force: true })
  process.on('exit', release)
  try {
    return await work()
  } finally {
    held.delete(name)
    process.off('exit', release)
    release()
  }
}

function take(file) {
  if (create(file, `${process.pid} ${beginOf(process.pid)}`)) return true
  if (isLeftBehind(file)) removeLeftBehind(file)
  return false
}

// One at a time, and only what is still nobody's then: the one who was quicker may have the lock for himself by now.
function removeLeftBehind(file) {
  const removing = `${file}.removing`
  if (!create(removing, '')) {
    if (ageOf(removing) > momentMs) rmSync(removing, { force: true })
    return
  }
  try {
    if (isLeftBehind(file)) rmSync(file, { force: true })
  } finally {
    rmSync(removing, { force: true })
  }
}

function create(file, text) {
  try {
    writeFileSync(file, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  }
}

function isLeftBehind(file) {
  const text = readOr(file, undefined)
  // It was released, and whatever lies there by now is somebody else's.
  if (text === undefined) return false
  const [pid, begin] = text.split(' ')
  // Between creation and the first write the file is empty: its owner is alive, unless it ended just there.
  if (!pid) return ageOf(file) >= momentMs
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return error.code !== 'EPERM'
  }
  // Numbers are used again, the small ones of a container with each start.
  return Boolean(begin) && begin !== beginOf(pid)
}

/** When a process began, in the ticks of Linux; elsewhere nothing is known of it. */
function beginOf(pid) {
  const text = readOr(`/proc/${pid}/stat`, '')
  // The name of the program stands in brackets and may hold anything.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}

function ageOf(file) {
  try {
    return Date.now() - statSync(file).mtimeMs
  } catch {
    return 0
  }
}
