// Browsers and their drivers, from Debian. No service of theirs is started while they are installed.

import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { CommandFailed, hasProgram, run } from '../base/command.mjs'
import { step } from '../base/progress.mjs'

/** Debian package → a file that it brings. */
export const browserPackages = {
  chromium: '/usr/bin/chromium',
  'chromium-driver': '/usr/bin/chromedriver',
  'firefox-esr': '/usr/bin/firefox-esr',
  'webkit2gtk-driver': '/usr/bin/WebKitWebDriver',
  xvfb: '/usr/bin/Xvfb',
  xauth: '/usr/bin/xauth',
}

const policyFile = '/usr/sbin/policy-rc.d'

/** Installs the packages whose file is missing. */
export async function installDebianPackages(packages) {
  const missing = Object.keys(packages).filter((name) => !existsSync(packages[name]))
  if (missing.length === 0) return
  const byHand = `apt-get install ${missing.join(' ')}`
  if (!hasProgram('apt-get')) {
    throw new CommandFailed(
      `Missing: ${missing.join(', ')}. This is no Debian; install what provides ${missing.map((name) => packages[name]).join(', ')}.`,
    )
  }
  if (process.getuid?.() !== 0) {
    throw new CommandFailed(`Missing: ${missing.join(', ')}. Installing them needs root; run: sudo ${byHand}`)
  }
  await step(`Debian packages ${missing.join(' ')}`, () => withoutServices(() => install(missing, byHand)))
}

async function install(missing, byHand) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const args = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', ...missing]
  // Package lists of an earlier day are often good enough, and fetching them takes longer than this attempt.
  let result = await run('apt-get', args, { env })
  if (result.code !== 0) {
    const update = await run('apt-get', ['-o', 'DPkg::Lock::Timeout=300', 'update'], { env })
    result = await run('apt-get', args, { env })
    if (result.code !== 0) {
      throw new CommandFailed(
        `Could not install ${missing.join(', ')}.\n${tail(update.output)}\n${tail(result.output)}\nBy hand: ${byHand}`,
      )
    }
  }
}

async function withoutServices(work) {
  const ours = !existsSync(policyFile)
  if (ours) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const remove = () => rmSync(policyFile, { force: true })
  if (ours) process.on('exit', remove)
  try {
    await work()
  } finally {
    if (ours) {
      process.off('exit', remove)
      remove()
    }
  }
}

const tail = (text) => text.trim().split('\n').slice(-12).join('\n')
