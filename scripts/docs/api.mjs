// The API reference, from the declarations and the comments in them: one page for each class, interface, type and function,
// by the entry of the package that exports it.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { mustRun } from '../base/command.mjs'
import { at } from '../base/paths.mjs'

const folder = at('docs/site')

/** The modules that the published manifest names: `{ name: 'react', source: 'js/react/index.ts' }`. */
export function entries() {
  const { exports } = JSON.parse(readFileSync(at('pkg.json'), 'utf8'))
  return Object.values(exports)
    .map((target) => target?.import?.match?.(/^\.\/esm\/(.+)\.js$/)?.[1])
    .filter((module) => module !== undefined)
    .map((module) => [`js/${module}.ts`, `js/${module}.tsx`].find((path) => existsSync(at(path))))
    .filter((path) => path !== undefined)
}

/** Writes the reference as Markdown below `out` and returns its part of the navigation. */
export async function describeApi(out) {
  const config = {
    $schema: 'https://typedoc.org/schema.json',
    entryPoints: entries().map((path) => at(path)),
    tsconfig: join(folder, 'tsconfig.json'),
    out,
    name: 'API',
    readme: 'none',
    plugin: ['typedoc-plugin-markdown'],
    hideBreadcrumbs: true,
    hidePageHeader: true,
    disableSources: true,
    useCodeBlocks: true,
    expandParameters: true,
    useHTMLEncodedBrackets: true,
    sanitizeComments: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    entryFileName: 'index',
    excludePrivate: true,
    excludeInternal: true,
    treatWarningsAsErrors: true,
    treatValidationWarningsAsErrors: true,
    validation: { invalidLink: true, notExported: false, notDocumented: false },
    logLevel: 'Warn',
  }
  const file = join(folder, '.staged/typedoc.json')
  mkdirSync(join(folder, '.staged'), { recursive: true })
  writeFileSync(file, JSON.stringify(config))
  await mustRun('node', [join(folder, 'node_modules/typedoc/bin/typedoc'), '--options', file], { cwd: folder })
  inPackageTerms(out)
  return navigationOf(out, '/api')
}

/** Puts right what is not said in a way that a reader of the package knows. */
function inPackageTerms(out) {
  const classPage = 'index/classes/RealtimeCalendar.md'
  for (const name of readdirSync(out, { recursive: true }).filter((path) => path.endsWith('.md'))) {
    const page = name.replaceAll('\\', '/')
    let text = readFileSync(join(out, name), 'utf8')
    // The class is declared a second time, by the contract that the compiled one is held to: here they are one.
    text = text.replaceAll(/^#+ (?:Implements|Implementation of)\n\n(?:- )?`[\w.]+`\n\n?/gm, '')
    if (page !== classPage) {
      const link = posix.relative(posix.dirname(page), classPage)
      text = text.replaceAll(/(?<![[\w])`RealtimeCalendar`/g, `[\`RealtimeCalendar\`](${link})`)
    }
    // A module is called as the package's exports call it.
    if (page === 'index.md') text = text.replaceAll(/\[([^\]]+)\]\(/g, (_, module) => `[${named(module)}](`)
    if (/^[^/]+\/index\.md$/.test(page)) text = text.replace(/^# (.+)$/m, (_, module) => `# ${named(module)}`)
    writeFileSync(join(out, name), text)
  }
}

const named = (module) => `@baro-calendar/realtime${module === 'index' ? '' : `/${module.replace(/\/index$/, '')}`}`

/** Modules by the last part of their name, as there is room for that. */
const short = (module) => (module === 'index' ? named(module) : `…/${module}`)

function navigationOf(place, address, depth = 0) {
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.name !== 'index.md')
    .map((entry) => {
      const name = entry.name.replace(/\.md$/, '')
      if (!entry.isDirectory()) return { text: name, link: `${address}/${name}` }
      const inside = join(place, name)
      const front = existsSync(join(inside, 'index.md')) ? { link: `${address}/${name}/` } : {}
      const items = navigationOf(inside, `${address}/${name}`, depth + 1)
      return { text: depth === 0 ? short(name) : name, ...front, collapsed: true, items }
    })
    .sort((a, b) => (a.text < b.text ? -1 : 1))
}
