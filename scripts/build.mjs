// `npm run build`: the published package, unpacked, in dist/package. Does nothing when nothing changed.

import { alone } from './base/lock.mjs'
import { main, say, seconds } from './base/progress.mjs'
import { buildPackage } from './build/package.mjs'
import { measureSizes, sizeTable } from './build/sizes.mjs'
import { buildWasm } from './build/wasm.mjs'
import { setUp } from './setup.mjs'

/** Builds what is out of date. Returns whether anything was. */
export async function build() {
  const began = performance.now()
  await setUp('build')
  const changed = await alone('build', async () => {
    await buildWasm()
    return buildPackage()
  })
  say(changed ? `dist/package is ready, ${seconds(performance.now() - began)}` : 'dist/package is up to date.')
  return changed
}

await main(import.meta, async () => {
  await build()
  say(sizeTable(measureSizes()))
})
