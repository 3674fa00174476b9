// The Next.js example as a user has it: its own dependencies, the packed package, no configuration. Built with either of Next's
// bundlers, each in a folder of its own below .cache/nextjs, which share what is installed in the folder above.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from './base/command.mjs'
import { fingerprint, whenChanged } from './base/fingerprint.mjs'
import { alone } from './base/lock.mjs'
import { at, cacheDir } from './base/paths.mjs'
import { step } from './base/progress.mjs'
import { installNpmPackages } from './setup/npm-packages.mjs'
import { installPackedPackage } from './setup/packed-package.mjs'

const example = at('examples/nextjs')
const folder = join(cacheDir, 'nextjs')
const sources = ['app', 'package.json', 'tsconfig.json']

/** What `next` is to be run with: it tells nobody that it was run. */
export const nextEnvironment = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined }
/** The program `next`. */
export const next = join(folder, 'node_modules/next/dist/bin/next')

const bundlers = { turbopack: [], webpack: ['--webpack'] }

/** Builds it when the tarball or its sources changed. Returns its folder, and the milliseconds that the build took. */
export function buildExample(bundler, tarball) {
  return alone('nextjs', async () => {
    await install(tarball)
    const copy = join(folder, bundler)
    rmSync(join(copy, 'app'), { recursive: true, force: true })
    for (const name of sources) cpSync(join(example, name), join(copy, name), { recursive: true })

    const print = fingerprint([tarball, join(folder, 'package-lock.json'), ...sources.map((name) => join(copy, name))])
    const measured = join(copy, '.next/build-ms')
    await whenChanged(`nextjs-${bundler}`, print, [measured], () =>
      step(`the Next.js example with ${bundler}`, async () => {
        rmSync(join(copy, '.next'), { recursive: true, force: true })
        const began = performance.now()
        await mustRun(process.execPath, [next, 'build', ...bundlers[bundler]], { cwd: copy, env: nextEnvironment })
        const buildMs = Math.round(performance.now() - began)
        // It is there for the build after this one, which begins anew.
        rmSync(join(copy, '.next/cache'), { recursive: true, force: true })
        writeFileSync(measured, String(buildMs))
      }),
    )
    return { folder: copy, buildMs: Number(readFileSync(measured, 'utf8')) }
  })
}

async function install(tarball) {
  mkdirSync(folder, { recursive: true })
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(example, name), join(folder, name))
  await installNpmPackages(folder, "the Next.js example's npm packages")
  await installPackedPackage(folder, tarball, 'nextjs')
}
