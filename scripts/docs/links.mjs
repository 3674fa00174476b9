// Follows every link of a built site: to a file that exists and, where it names one, an anchor that is on the page.
// Nothing is fetched; addresses of other sites are counted, and their form is looked at.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

// Of tags only: what looks like one in a shown example has its brackets escaped.
const attribute = /<[a-z][^>]*?\s(?:href|src)="([^"]*)"/gi
const identifier = /<[a-z][^>]*?\s(?:id|name)="([^"]*)"/gi

/** `{ pages, links, broken }`: how many were looked at, and a line for each that leads nowhere. `skip` names folders. */
export function checkLinks(site, { base = '/', skip = [] } = {}) {
  const files = htmlBelow(site).filter((file) => !skip.some((folder) => file.startsWith(`${folder}/`)))
  const anchors = new Map()
  const anchorsOf = (file) => {
    if (!anchors.has(file)) anchors.set(file, new Set(valuesOf(read(site, file), identifier)))
    return anchors.get(file)
  }
  const broken = []
  let links = 0
  for (const file of files) {
    for (const link of new Set(valuesOf(read(site, file), attribute))) {
      links += 1
      const problem = problemOf(link, file)
      if (problem) broken.push(`${file}: ${link} ${problem}`)
    }
  }
  return { pages: files.length, links, broken }

  function problemOf(link, file) {
    if (/^(?:data|mailto|blob):/.test(link)) return undefined
    if (/^[a-z]+:\/\//i.test(link)) return URL.canParse(link) ? undefined : 'is no address'
    const [address, anchor = ''] = link.split('#')
    const path = decodeURIComponent(address.split('?')[0])
    if (path.startsWith('/') && !path.startsWith(base)) return 'is outside of the site'
    const target =
      path === ''
        ? file
        : fileAt(path.startsWith('/') ? path.slice(base.length) : posix.join(posix.dirname(file), path))
    if (target === undefined) return 'leads nowhere'
    if (anchor === '' || !target.endsWith('.html')) return undefined
    return anchorsOf(target).has(decodeURIComponent(anchor)) ? undefined : 'names no anchor of that page'
  }

  function fileAt(path) {
    const name = posix.normalize(path)
    return [name, `${name}.html`, posix.join(name, 'index.html')].find(
      (candidate) => existsSync(join(site, candidate)) && statSync(join(site, candidate)).isFile(),
    )
  }
}

/** The pages that nobody comes to by links from the front page. */
export function unreachable(site, { base = '/', skip = [] } = {}) {
  const all = htmlBelow(site).filter(
    (file) => file !== '404.html' && !skip.some((folder) => file.startsWith(`${folder}/`)),
  )
  const reached = new Set(['index.html'])
  for (const file of reached) {
    for (const link of valuesOf(read(site, file), attribute)) {
      if (/^[a-z]+:/i.test(link)) continue
      const path = decodeURIComponent(link.split('#')[0].split('?')[0])
      const place = path.startsWith('/') ? path.slice(base.length) : posix.join(posix.dirname(file), path)
      for (const candidate of [place, `${place}.html`, posix.join(place, 'index.html')]) {
        if (all.includes(candidate)) reached.add(candidate)
      }
    }
  }
  return all.filter((file) => !reached.has(file))
}

const htmlBelow = (site) =>
  readdirSync(site, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html'))

const cache = new Map()

function read(site, file) {
  const path = join(site, file)
  if (!cache.has(path)) cache.set(path, readFileSync(path, 'utf8'))
  return cache.get(path)
}

const valuesOf = (html, pattern) =>
  [...html.matchAll(pattern)].map(([, value]) =>
    value.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"'),
  )
