import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { before, describe, it } from 'node:test'
import { installPackage, repository } from '../packaging/installed.mjs'
import { blocksIn } from './support/blocks.mjs'

const programs = blocksIn('ts', 'tsx', 'js', 'jsx')

// What an example may import besides the package: the peers, the test runners, and what browsers are driven with.
const beside = [
  'react',
  'react-dom',
  'zustand',
  '@apollo/client',
  'vitest',
  'vite',
  'playwright-core',
  '@types/react',
  '@types/react-dom',
  '@types/node',
  'ws',
]

const common = {
  target: 'es2022',
  module: 'esnext',
  moduleResolution: 'bundler',
  moduleDetection: 'force',
  lib: ['es2022', 'dom', 'dom.iterable'],
  types: ['node'],
  jsx: 'react-jsx',
  // Declarations of others, from the repository's folder of packages.
  skipLibCheck: true,
  preserveSymlinks: true,
  noEmit: true,
}

// JavaScript is held to the names and the arguments of the package; what it leaves untyped may be anything.
const kinds = {
  typed: {
    langs: ['ts', 'tsx'],
    options: { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
  },
  untyped: { langs: ['js', 'jsx'], options: { strict: false, allowJs: true, checkJs: true } },
}

describe('an example compiles against the packed package', () => {
  const problems = new Map()
  before(() => {
    const folder = installPackage()
    for (const name of beside) {
      const place = join(folder, 'node_modules', name)
      mkdirSync(dirname(place), { recursive: true })
      symlinkSync(join(repository, 'node_modules', name), place)
    }
    for (const kind of Object.keys(kinds)) compile(join(folder, kind), kinds[kind])
  })

  function compile(folder, { langs, options }) {
    mkdirSync(folder)
    symlinkSync(join(folder, '../node_modules'), join(folder, 'node_modules'))
    copyFileSync(join(repository, 'tests/docs/support/given.d.ts'), join(folder, 'given.d.ts'))
    // They bring no declarations.
    const undeclared = ['ws', 'jest-environment-jsdom', '*?url', '*.css'].map((name) => `declare module '${name}'\n`)
    writeFileSync(join(folder, 'undeclared.d.ts'), undeclared.join(''))
    const files = new Map()
    for (const block of programs.filter(({ lang }) => langs.includes(lang))) {
      const name = `${block.document.replaceAll(/\W/g, '-')}-${block.line}.${block.lang}`
      files.set(name, block)
      writeFileSync(join(folder, name), block.text)
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...common, ...options }, include: ['*'] }),
    )
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
    })
    for (const said of `${stdout}${stderr}`.split(/\n(?=\S)/)) {
      const [, file, line, text] = /^([^\s(]+)\((\d+),\d+\): (error [^]*)$/.exec(said.trim()) ?? []
      const block = files.get(basename(file ?? ''))
      const where = block ? block.place : 'elsewhere'
      const what = block ? `${block.document}:${block.line + Number(line)}: ${text}` : said.trim()
      if (what) problems.set(where, [...(problems.get(where) ?? []), what])
    }
  }

  for (const { place } of programs) {
    it(place, () => assert.equal(problems.get(place)?.join('\n'), undefined))
  }

  it('and the compiler complains of nothing else', () => assert.equal(problems.get('elsewhere')?.join('\n'), undefined))
})
