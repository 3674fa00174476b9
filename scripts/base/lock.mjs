// Lets one process at a time change shared folders (.tools, .cache, dist): two terminals may build at once.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from './paths.mjs'
import { say } from './progress.mjs'

const held = new Set()

export async function alone(name, work) {
  if (held.has(name)) return work()
  const file = join(cacheDir, `${name}.lock`)
  mkdirSync(cacheDir, { recursive: true })
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
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!ownerLives(file)) rmSync(file, { force: true })
    return false
  }
}

// A lock whose process is gone was left by a crash.
function ownerLives(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    // Between creation and the first write the file is empty: its owner is alive.
    if (!pid) return true
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
