// Which document of the repository is which page of the site. Documents are written for whoever reads the repository; a
// page is the same text with its links led to other pages. Knows nothing of the generator.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { CommandFailed } from '../base/command.mjs'
import { at } from '../base/paths.mjs'

// The order in which a newcomer needs them; what is not named comes after, by name.
const order = {
  guide: [
    'getting-started',
    'react',
    'stores',
    'offline',
    'conflicts',
    'presence',
    'auth',
    'server',
    'testing-your-app',
    'performance',
    'bundlers',
    'troubleshooting',
  ],
  reference: ['PROTOCOL', 'CONNECTION', 'ERRORS', 'MERGING', 'GUARANTEES', 'FAULTS', 'DIAGNOSTICS'],
}

const project = {
  'ARCHITECTURE.md': 'project/architecture.md',
  'CONTRIBUTING.md': 'project/contributing.md',
  'CHANGELOG.md': 'project/changelog.md',
  'tests/simulation/README.md': 'project/simulator.md',
  'tests/conformance/README.md': 'project/conformance.md',
  'fuzz/README.md': 'project/fuzzing.md',
  'www/README.md': 'project/demo.md',
}

/** `[{ section, source, path, title, text }]`, in reading order: every document of the repository that is a page. */
export function pages() {
  const sources = [
    ['start', 'README.md', 'index.md'],
    ...inOrder('guide', 'docs/guide').map((name) => ['guide', `docs/guide/${name}.md`, `guide/${name}.md`]),
    ...examples(),
    ['guide', 'docs/MIGRATION.md', 'guide/migration.md'],
    ...inOrder('reference', 'docs')
      .filter((name) => name !== 'MIGRATION')
      .map((name) => ['reference', `docs/${name}.md`, `reference/${name.toLowerCase()}.md`]),
    ...Object.entries(project).map(([source, path]) => ['project', source, path]),
  ]
  return sources
    .filter(([, source]) => existsSync(at(source)))
    .map(([section, source, path]) => {
      const text = readFileSync(at(source), 'utf8')
      return { section, source, path, text, title: /^# (.+)$/m.exec(text)?.[1] ?? basename(source) }
    })
}

function inOrder(section, folder) {
  if (!existsSync(at(folder))) return []
  const names = readdirSync(at(folder)).filter((name) => name.endsWith('.md'))
  const place = (name) => order[section].indexOf(name) + 1 || order[section].length + 1
  return names.map((name) => basename(name, '.md')).sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
}

function examples() {
  if (!existsSync(at('examples'))) return []
  return readdirSync(at('examples')).map((name) => ['guide', `examples/${name}/README.md`, `guide/example-${name}.md`])
}

/** Writes the pages below `folder`, and what they show beside text below its `public`. */
export function stagePages(folder) {
  rmSync(folder, { recursive: true, force: true })
  const all = pages()
  const places = new Map(all.map(({ source, path }) => [source, path]))
  const wrong = []
  for (const { source, path, text } of all) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    const led = ledElsewhere(text, (link) => {
      const place = placeOf(link, source, path, places, folder)
      if (place === undefined) wrong.push(`${source}: ${link}`)
      return place ?? link
    })
    writeFileSync(target, led)
  }
  if (wrong.length > 0) throw new CommandFailed(`Links that lead to no document:\n${wrong.join('\n')}`)
  return all
}

/** Where a link of one document leads in the site. */
function placeOf(link, source, path, places, folder) {
  if (/^[a-z]+:|^#|^\//.test(link)) return link
  const [target, anchor] = link.split('#')
  const file = posix.normalize(posix.join(posix.dirname(source), target))
  const page = places.get(file)
  if (page !== undefined) {
    const from = posix.relative(posix.dirname(path), page)
    return `${from.startsWith('.') ? from : `./${from}`}${anchor ? `#${anchor}` : ''}`
  }
  if (!/\.(png|svg|jpe?g|webp)$/.test(file) || !existsSync(at(file))) return undefined
  const copy = join(folder, 'public', file)
  mkdirSync(dirname(copy), { recursive: true })
  copyFileSync(at(file), copy)
  return `/${file}`
}

/** The text with each link, but for what looks like one in code, replaced. */
function ledElsewhere(text, lead) {
  const code = /^(```|~~~).*\n[^]*?^\1\s*$|`[^`\n]+`/gm
  const link = /(\]\()([^)\s]+)(\s+"[^"]*")?(\))|(\b(?:src|href)=")([^"]+)(")/g
  let out = ''
  let from = 0
  const leadIn = (part) =>
    part.replace(link, (all, open, target, title = '', close, attribute, value, end) =>
      open ? `${open}${lead(target)}${title}${close}` : `${attribute}${lead(value)}${end}`,
    )
  for (const match of text.matchAll(code)) {
    out += leadIn(text.slice(from, match.index)) + match[0]
    from = match.index + match[0].length
  }
  return out + leadIn(text.slice(from))
}
