// The packages that package-lock.json pins. Installed anew only when the lock is not the one installed last.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun, run } from '../base/command.mjs'
import { root } from '../base/paths.mjs'
import { step } from '../base/progress.mjs'

/** Makes `node_modules` of a folder what its lock says. */
export async function installNpmPackages(folder = root, name = 'npm packages') {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const stamp = join(folder, 'node_modules', '.installed-lock.json')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  await step(name, async () => {
    const install = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    // What npm remembers of the registry may be older than the lock, and not know a version that is in it.
    const { code } = await run('npm', [...install, '--prefer-offline'], { cwd: folder })
    if (code !== 0) await mustRun('npm', [...install, '--prefer-online'], { cwd: folder })
    writeFileSync(stamp, lock)
  })
}
