// Chromium, one for a test file, and one that can be killed.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { flags, launch } from '../../packaging/browser.mjs'
import { until } from './until.mjs'

export { launch }

const profiles = []

/** A profile folder that goes with the process: when a test ends, its browser may still write there. */
export function makeProfile() {
  if (profiles.length === 0) {
    process.on('exit', () => {
      for (const folder of profiles) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    })
  }
  profiles.push(mkdtempSync(join(tmpdir(), 'baro-profile-')))
  return profiles.at(-1)
}

/** Starts Chromium on a profile, as a process group that `kill` ends at once, with whatever it was doing. */
export async function startChromium(t, profile) {
  const portFile = join(profile, 'DevToolsActivePort')
  rmSync(portFile, { force: true })
  const child = spawn(
    '/usr/bin/chromium',
    ['--headless', ...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: 'ignore', detached: true },
  )
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const kill = async () => {
    if (hasEnded()) return
    const ended = once(child, 'exit')
    process.kill(-child.pid, 'SIGKILL')
    await ended
  }
  t.after(kill)
  /** Ends it as a person does, so that it writes what it still has to. */
  const close = async () => {
    const ended = once(child, 'exit')
    const session = await browser.newBrowserCDPSession()
    // It answers or is gone, as it happens.
    await session.send('Browser.close').catch(() => {})
    await ended
  }
  const port = await until('Chromium listens', () => {
    if (hasEnded()) throw new Error('Chromium ended before it listened.')
    return existsSync(portFile) && readFileSync(portFile, 'utf8').split('\n')[0]
  })
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`)
  return { browser, context: browser.contexts()[0], kill, close }
}
