// The demo page in www/dist, built on the packed package as a user would install it.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from './base/command.mjs'
import { fingerprint, whenChanged } from './base/fingerprint.mjs'
import { alone } from './base/lock.mjs'
import { at } from './base/paths.mjs'
import { step } from './base/progress.mjs'
import { pack } from './pack.mjs'
import { installNpmPackages } from './setup/npm-packages.mjs'
import { installPackedPackage } from './setup/packed-package.mjs'

const folder = at('www')

/** Builds the page when the package or its sources changed. Returns the folder to serve. */
export async function buildDemo() {
  const tarball = await pack()
  await alone('demo', async () => {
    await installNpmPackages(folder, "the demo page's npm packages")
    await installPackedPackage(folder, tarball, 'www')
    const sources = [
      'src',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'webpack.config.mjs',
      'without-font.cjs',
    ]
    const print = fingerprint([tarball, at('webpack.config.js'), ...sources.map((path) => join(folder, path))])
    await whenChanged('demo-build', print, [join(folder, 'dist/index.html')], () =>
      step('the demo page', () => mustRun('npm', ['run', 'build', '--loglevel=error'], { cwd: folder })),
    )
  })
  return existsSync(join(folder, 'dist')) ? join(folder, 'dist') : undefined
}
