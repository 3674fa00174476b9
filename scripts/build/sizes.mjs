// How big the published package is, and whether that is within scripts/size-budget.json.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { at, packageDir } from '../base/paths.mjs'

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

function measure(files) {
  const total = { raw: 0, gzip: 0, brotli: 0 }
  for (const name of files) {
    const bytes = readFileSync(join(packageDir, name))
    total.raw += bytes.length
    total.gzip += gzipSync(bytes, { level: 9 }).length
    total.brotli += brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }).length
  }
  return total
}

/** The files that a module pulls in when it is loaded, itself included; a dynamic import counts, as it always comes. */
function reachable(entry) {
  const seen = new Set()
  const visit = (name) => {
    if (seen.has(name)) return
    seen.add(name)
    const text = readFileSync(join(packageDir, name), 'utf8')
    for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g)) visit(join(name, '..', path))
  }
  visit(entry)
  return [...seen].sort()
}

/**
 * One row for what a budget names: `{ name, raw, gzip, brotli, budget }`, in bytes. What is reachable from its `without`, as the
 * core is from every entry, does not count.
 */
export function measureSizes() {
  const budgets = JSON.parse(readFileSync(at('scripts/size-budget.json'), 'utf8'))
  return budgets.map(({ name, entry, without, files, brotliKilobytesMax }) => {
    const others = new Set(without ? reachable(without) : [])
    const modules = entry ? reachable(entry).filter((module) => !others.has(module)) : []
    return { name, budget: brotliKilobytesMax * 1000, ...measure([...modules, ...(files ?? [])]) }
  })
}

export function sizeTable(rows) {
  const width = Math.max(...rows.map((row) => row.name.length))
  return rows
    .map(
      (row) =>
        `  ${row.name.padEnd(width)}  raw ${kilobytes(row.raw).padStart(9)}  gzip ${kilobytes(row.gzip).padStart(9)}  brotli ${kilobytes(row.brotli).padStart(9)}  of ${kilobytes(row.budget)}`,
    )
    .join('\n')
}

export const overBudget = (rows) => rows.filter((row) => row.brotli > row.budget)
