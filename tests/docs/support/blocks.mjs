// The fenced blocks of the documents that a newcomer reads. Every one has a language, and every language has a test.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../../packaging/installed.mjs'

const below = (folder) =>
  existsSync(join(repository, folder))
    ? readdirSync(join(repository, folder))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${folder}/${name}`)
        .sort()
    : []

const examples = ['nextjs', 'vite'].map((name) => `examples/${name}/README.md`)

/** What is there for who uses the package, and for who works on it. */
export const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'www/README.md',
  ...examples,
  ...below('docs/guide'),
  ...below('docs'),
]

const fence = /^(?<indent> *)```(?<info>[^\n`]*)\n(?<text>[^]*?)^\k<indent>```[ ]*$/gm

/** `[{ document, line, place, lang, title, text }]`; `title` is what stands in brackets, as a file's name does. */
export function blocksOf(document) {
  const source = readFileSync(join(repository, document), 'utf8')
  return [...source.matchAll(fence)].map((match) => {
    const { indent, info, text } = match.groups
    const line = source.slice(0, match.index).split('\n').length
    return {
      document,
      line,
      place: `${document}:${line}`,
      lang: /^\w*/.exec(info)[0],
      title: /\[(.+)\]/.exec(info)?.[1],
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }
  })
}

export const blocks = documents.flatMap(blocksOf)

/** The blocks in these languages. */
export const blocksIn = (...langs) => blocks.filter(({ lang }) => langs.includes(lang))

/** The blocks of a document that name a file, by that name. */
export const filesOf = (document) =>
  Object.fromEntries(
    blocksOf(document)
      .filter(({ title }) => title !== undefined)
      .map(({ title, text }) => [title, text]),
  )
