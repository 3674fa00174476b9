import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { repository } from './installed.mjs'

const run = promisify(execFile)

/** What each process does alone: it says when it comes in and when it goes. */
const work = (folder) => `
import { appendFileSync } from 'node:fs'
import { alone } from ${JSON.stringify(join(repository, 'scripts/base/lock.mjs'))}
const say = (word) => appendFileSync(${JSON.stringify(join(folder, 'log'))}, word + ' ' + process.pid + '\\n')
await alone('work', async () => {
  say('in')
  await new Promise((resolve) => setTimeout(resolve, 20))
  say('out')
}, ${JSON.stringify(folder)})`

/** The same of one who is slow: the lock is released just before he looks whose it is. */
const slowWork = (folder) => `
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const { existsSync, readFileSync, rmSync } = fs
const lock = ${JSON.stringify(join(folder, 'work.lock'))}
let looks = 0
fs.readFileSync = (file, ...more) => {
  if (file === lock && looks++ === 0) rmSync(lock)
  return readFileSync(file, ...more)
}
fs.rmSync = (file, ...more) => {
  if (file === lock && !existsSync(lock)) throw new Error('It removes what may be the lock of another by now.')
  return rmSync(file, ...more)
}
syncBuiltinESMExports()
${work(folder)}
if (looks === 0) throw new Error('nobody looked')`

describe('the lock of a build', () => {
  const enter = (folder) => run(process.execPath, ['--input-type=module', '-e', work(folder)])

  function lockedFolder(t, text) {
    const folder = mkdtempSync(join(tmpdir(), 'baro-lock-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'work.lock'), text)
    return folder
  }

  async function letsIn(folder, count) {
    await Promise.all(Array.from({ length: count }, () => enter(folder)))
    const said = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')
    assert.equal(said.length, 2 * count)
    for (let at = 0; at < said.length; at += 2) {
      assert.equal(said[at].replace('in', 'out'), said[at + 1], 'who came in goes before the next one comes')
    }
    assert.equal(existsSync(join(folder, 'work.lock')), false)
  }

  it('lets in one at a time after a process that ended with it', async (t) => {
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    await letsIn(lockedFolder(t, `${pid} 1`), 4)
  })

  // Elsewhere than on Linux nothing tells when a process began.
  if (existsSync('/proc/self/stat')) {
    it('is not held by a process that has the number of the one that ended', async (t) => {
      await letsIn(lockedFolder(t, `${process.pid} 1`), 1)
    })
  }

  it('is not held by who ended before he wrote his number', async (t) => {
    const folder = lockedFolder(t, '')
    utimesSync(join(folder, 'work.lock'), 0, 0)
    await letsIn(folder, 2)
  })

  it('is not removed by who saw it released: it may be another one by then', async (t) => {
    const folder = lockedFolder(t, String(process.pid))
    await run(process.execPath, ['--input-type=module', '-e', slowWork(folder)])
    assert.match(readFileSync(join(folder, 'log'), 'utf8'), /^in \d+\nout \d+\n$/)
  })

  it('is waited for while its owner lives', async (t) => {
    const folder = lockedFolder(t, String(process.pid))
    const entering = enter(folder)
    const told = new Promise((resolve) => entering.child.stdout.once('data', resolve))
    assert.match(String(await told), /waiting for another work/)
    assert.equal(existsSync(join(folder, 'log')), false)
    rmSync(join(folder, 'work.lock'))
    await entering
    assert.match(readFileSync(join(folder, 'log'), 'utf8'), /^in \d+\nout \d+\n$/)
  })
})
