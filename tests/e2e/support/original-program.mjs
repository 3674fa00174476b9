// The sources of the original documents, word for word, as the program of a page. Owns where their imports lead: what the
// program had itself (stores, icons, a toast) to `tests/e2e/original`, the layer's own names to another of the sources or to
// the packed package. Names that the documents use without importing them are found in the same way.

import { build } from 'esbuild'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serve } from '../../packaging/browser.mjs'
import { installPackage, repository } from '../../packaging/installed.mjs'
import { untilIn } from './page.mjs'

const folder = new URL('../original/', import.meta.url)

/** The sources of both documents, by the path in their first line, without its ending. */
const sources = Object.fromEntries(
  ['story-2.3', '8c'].flatMap((document) =>
    readFileSync(new URL(`${document}.txt`, folder), 'utf8')
      .split(/^(?=\/\/ (?:src\/|WebSocket 인증))/m)
      .map((text) => [text.match(/^\/\/ src\/(\S+)\.tsx?/)?.[1] ?? 'sign-in', text]),
  ),
)

const compat = '@baro-calendar/realtime/compat'

/** Where a name comes from: of the program, unless said otherwise. */
const environment = {
  react: ['useState', 'useEffect', 'useRef', 'useCallback'],
  '@/program': [
    'useCalendarStore',
    'useProjectStore',
    'toast',
    'cn',
    'throttle',
    'refreshAuthToken',
    'getAuthToken',
    'getUserProjects',
    'WifiIcon',
    'WifiOffIcon',
    'RefreshIcon',
    'AlertCircleIcon',
    'Loader2',
    'Progress',
    'ConnectionDetails',
  ],
}

const programs = {
  'framer-motion': 'framer-motion',
  '@/program': 'program',
  '@/stores/calendarStore': 'program',
}

/**
 * Serves one of the programs in `tests/e2e/original`. `replaced` names what comes from the package; an import of a path, or a name
 * that nobody imports, leads to the documents' own source otherwise.
 */
export async function serveProgram(name, { replaced = [], original = {} }) {
  const installed = installPackage()
  const names = {
    ...environment,
    [compat]: replaced.filter((entry) => !entry.startsWith('@/')),
    ...Object.fromEntries(Object.entries(original).map(([source, exported]) => [`@/${source}`, exported])),
  }
  const injected = join(installed, 'environment.js')
  writeFileSync(
    injected,
    Object.entries(names)
      .filter(([, exported]) => exported.length > 0)
      .map(([from, exported]) => `export { ${exported.join(', ')} } from '${from}'\n`)
      .join(''),
  )
  const documents = {
    name: 'documents',
    setup(bundling) {
      bundling.onResolve({ filter: /^(@\/|framer-motion$)/ }, ({ path }) => {
        if (path in programs) return { path: new URL(`${programs[path]}.tsx`, folder).pathname }
        if (!replaced.includes(path)) return { path: path.slice(2), namespace: 'documents' }
        return bundling.resolve(compat, { kind: 'import-statement', resolveDir: installed })
      })
      bundling.onLoad({ filter: /.*/, namespace: 'documents' }, ({ path }) => {
        if (!(path in sources)) return { errors: [{ text: `The documents have no ${path}.` }] }
        return { contents: sources[path], loader: 'tsx', resolveDir: installed }
      })
    },
  }
  await build({
    entryPoints: [new URL(`${name}.tsx`, folder).pathname],
    outdir: join(installed, 'built'),
    absWorkingDir: installed,
    nodePaths: [join(installed, 'node_modules'), join(repository, 'node_modules')],
    inject: [injected],
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    // The workspace's own leads to the sources instead of the package.
    tsconfigRaw: { compilerOptions: { jsx: 'react-jsx' } },
    logLevel: 'error',
    plugins: [documents],
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.NEXT_PUBLIC_WS_URL': 'serverAddress',
      'process.env.NEXT_PUBLIC_WS_ENDPOINT': 'serverAddress',
      'process.env.NEXT_PUBLIC_COLLAB_WS_ENDPOINT': 'serverAddress',
      WS_ENDPOINT: 'serverAddress',
    },
  })
  writeFileSync(
    join(installed, 'index.html'),
    `<!doctype html><meta charset="utf-8" /><link rel="icon" href="data:," /><title>${name}</title><div id="root"></div>
<script>globalThis.serverAddress = new URLSearchParams(location.search).get('server')</script>
<script type="module" src="/built/${name}.js"></script>`,
  )
  return serve(installed)
}

/** Opens a program's page; its WebSockets go to `server`. What it throws or complains of is in `page.complaints`. */
export async function openProgram(context, site, server, more = '') {
  const page = await context.newPage()
  page.complaints = []
  page.on('pageerror', (error) => page.complaints.push(error.message))
  page.on('console', (message) => {
    // A server that is away is the browser's to tell.
    if (message.type() === 'error' && !message.text().includes('WebSocket connection'))
      page.complaints.push(message.text())
  })
  await page.goto(`${site.address}/?server=${encodeURIComponent(server.socket)}${more}`)
  return page
}

/** Waits until the text of a place is this. */
export const text = (page, place, expected) =>
  untilIn(page, ([selector, wanted]) => document.querySelector(selector)?.textContent === wanted, [place, expected])

/** An event as a server tells it. */
export const event = (id, more = {}) => ({
  id,
  title: id,
  startDate: '2026-03-01T09:00:00.000Z',
  endDate: '2026-03-01T10:00:00.000Z',
  projectId: 'p',
  version: 1,
  updatedAt: '2026-03-01T08:00:00.000Z',
  ...more,
})

/** What a page creates. */
export const newEvent = {
  title: 'Made here',
  startDate: '2026-03-01T09:00:00.000Z',
  endDate: '2026-03-01T10:00:00.000Z',
  projectId: 'p',
}
