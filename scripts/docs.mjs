// `npm run docs`: the documentation as a site in dist/docs: guides and reference, the API from the declarations, rustdoc,
// every link followed. `--serve` shows it, `--without-rust` leaves rustdoc out.

import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { CommandFailed, mustRun } from './base/command.mjs'
import { alone } from './base/lock.mjs'
import { at, distDir, projectVersion } from './base/paths.mjs'
import { main, say, step } from './base/progress.mjs'
import { describeApi } from './docs/api.mjs'
import { checkLinks, unreachable } from './docs/links.mjs'
import { stagePages } from './docs/pages.mjs'
import { setUp } from './setup.mjs'
import { installNpmPackages } from './setup/npm-packages.mjs'

const folder = at('docs/site')
const staged = join(folder, '.staged')
export const siteFolder = join(distDir, 'docs')

const sections = { start: 'Start', guide: 'Guide', reference: 'Reference', project: 'Project' }

/** Builds the site and follows its links. Returns what was found: `{ pages, links }`. */
export async function buildDocs({ rust = true } = {}) {
  return alone('docs', async () => {
    await installNpmPackages(folder, "the site's npm packages")
    const documents = stagePages(join(staged, 'pages'))
    const api = await step('API reference', () => describeApi(join(staged, 'pages/api')))
    if (rust) await step('rustdoc', writeRustdoc)
    writeFileSync(join(staged, 'navigation.json'), JSON.stringify(navigation(documents, api, rust)))
    await step('site', () =>
      mustRun('node', [join(folder, 'node_modules/vitepress/bin/vitepress.js'), 'build', folder]),
    )
    if (rust) cpSync(at('target/doc'), join(staged, 'site/rust'), { recursive: true })
    const found = await step('links', async () => followLinks(rust))
    rmSync(siteFolder, { recursive: true, force: true })
    mkdirSync(distDir, { recursive: true })
    renameSync(join(staged, 'site'), siteFolder)
    return found
  })
}

function navigation(documents, api, rust) {
  const sidebar = Object.entries(sections).map(([section, text]) => ({
    text,
    items: documents
      .filter((document) => document.section === section)
      .map(({ title, path }) => ({ text: title, link: `/${path.replace(/\.md$/, '').replace(/^index$/, '')}` })),
  }))
  sidebar.splice(3, 0, { text: 'API', collapsed: true, items: api })
  return { sidebar, version: projectVersion(), rust }
}

/** A broken link between items is an error, as every other warning of rustdoc. */
export const writeRustdoc = () =>
  mustRun('cargo', ['doc', '--no-deps', '-p', 'baro-realtime', '-p', 'baro-realtime-server', '--lib'], {
    env: { RUSTDOCFLAGS: '-D warnings' },
  })

function followLinks(rust) {
  const site = join(staged, 'site')
  // rustdoc checks its own pages, and writes thousands of them; that ours lead to them is looked at.
  const { pages, links, broken } = checkLinks(site, { skip: ['rust'] })
  const lost = unreachable(site, { skip: ['rust'] })
  const problems = [...broken, ...lost.map((page) => `${page} is reached by no link`)]
  if (rust && !existsSync(join(site, 'rust/baro_realtime/index.html'))) problems.push('rustdoc wrote no page')
  if (problems.length > 0) throw new CommandFailed(problems.join('\n'))
  return { pages, links }
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/** Serves the built site on a port, and resolves when that is taken. */
export function serveDocs(port) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname)
    const place = [path, `${path}.html`, join(path, 'index.html')]
      .map((name) => join(siteFolder, join('/', name)))
      .find((name) => extname(name) !== '' && existsSync(name))
    response
      .writeHead(place ? 200 : 404, { 'content-type': types[extname(place ?? '.html')] ?? 'application/octet-stream' })
      .end(readFileSync(place ?? join(siteFolder, '404.html')))
  })
  return new Promise((resolve, reject) => {
    server.once('error', ({ message }) =>
      reject(new CommandFailed(`${message}. On another port: npm run docs -- --serve --port 8789`)),
    )
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

await main(import.meta, async (args) => {
  const { values } = parseArgs({
    args,
    options: {
      serve: { type: 'boolean', default: false },
      port: { type: 'string', default: '8788' },
      'without-rust': { type: 'boolean', default: false },
    },
  })
  await setUp('docs')
  const { pages, links } = await buildDocs({ rust: !values['without-rust'] })
  say(`dist/docs is ready: ${pages} pages, ${links} links, none of them broken.`)
  if (!values.serve) return 0
  const server = await serveDocs(Number(values.port))
  say(`\n  http://127.0.0.1:${server.address().port}/\n\nCtrl-C ends it.`)
  await new Promise(() => {})
})
