// `npm run pack`: dist/baro-calendar-realtime-<version>.tgz, the one packed file there.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from './base/command.mjs'
import { fingerprint, whenChanged } from './base/fingerprint.mjs'
import { alone } from './base/lock.mjs'
import { distDir, packageDir, tarballName } from './base/paths.mjs'
import { main, say, step } from './base/progress.mjs'
import { build } from './build.mjs'

/** Builds and packs. Returns the path of the tarball. */
export async function pack() {
  await build()
  const tarball = join(distDir, tarballName())
  await alone('pack', () =>
    whenChanged('tarball', fingerprint([packageDir]), [tarball], () =>
      step(`dist/${tarballName()}`, async () => {
        removeOlder()
        await mustRun('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', distDir], {
          cwd: packageDir,
        })
        if (!existsSync(tarball))
          throw new Error(`npm packed something other than ${tarballName()}; is the name in pkg.json right?`)
      }),
    ),
  )
  return tarball
}

function removeOlder() {
  for (const name of readdirSync(distDir)) if (name.endsWith('.tgz')) rmSync(join(distDir, name))
}

await main(import.meta, async () => {
  const tarball = await pack()
  say(`${(readFileSync(tarball).length / 1000).toFixed(1)} kB packed.`)
})
