// The packed package in a folder, as a user would install it, over what the folder's lock says.

import { join } from 'node:path'
import { mustRun } from '../base/command.mjs'
import { fingerprint, whenChanged } from '../base/fingerprint.mjs'
import { step } from '../base/progress.mjs'

/** Installs the tarball when it or the folder's lock is another one than the last time. `name` is for the reader and the stamp. */
export async function installPackedPackage(folder, tarball, name) {
  const installed = join(folder, 'node_modules/@baro-calendar/realtime/package.json')
  const print = fingerprint([tarball, join(folder, 'package-lock.json')])
  await whenChanged(`${name}-install`, print, [installed], () =>
    // Not saved: the lock would hold the hash of a file that every change of the package makes anew.
    step(`the packed package into ${name}`, () =>
      mustRun('npm', ['install', '--no-save', '--no-package-lock', '--prefer-offline', '--loglevel=error', tarball], {
        cwd: folder,
      }),
    ),
  )
}
