import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { layers } from '../../scripts/test/layers.mjs'
import { repository } from '../packaging/installed.mjs'
import { blocks, blocksIn, documents } from './support/blocks.mjs'
import { help, startServer } from './support/server.mjs'

const run = promisify(execFile)
const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
const { name: packageName } = JSON.parse(readFileSync(join(repository, 'pkg.json'), 'utf8'))
const serverFlags = () => new Set(help().match(/--[a-z][a-z-]+/g))

// What a document may tell somebody to install beside the package.
const installable = [
  packageName,
  'vite',
  'vitest',
  'ws',
  'react',
  'react-dom',
  'playwright-core',
  'zustand',
  '@apollo/client',
  '@types/react',
  'next',
]

describe('a command that a document shows', () => {
  let server
  before(async () => {
    server = await startServer('--auth', 'none')
  })
  after(() => server?.stop())

  for (const { place, text } of blocksIn('sh', 'bash')) {
    const commands = text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, '').trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
    // A `cd` holds for the commands after it.
    let folder = '.'
    for (const command of commands) {
      const [, moved] = /^cd (\S+)$/.exec(command) ?? []
      if (moved !== undefined) folder = join(folder, moved)
      const here = folder
      it(`${place}: ${command.slice(0, 60)}`, () => check(command, here))
    }
  }

  async function check(command, folder) {
    assert.ok(existsSync(join(repository, folder)), `${folder} is a folder`)
    const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
      ([, single, double, bare]) => single ?? double ?? bare,
    )
    const [program, ...args] = words
    const known = {
      npm: (given) => npm(given, folder),
      npx,
      node,
      curl,
      openssl,
      cargo,
      cd: () => {},
      mkdir: () => {},
      git: () => {},
    }
    assert.ok(known[program], `${program} is known to this test`)
    await known[program](args)
  }

  function npm([verb, ...args], folder) {
    const { scripts } = JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8'))
    if (verb === 'start' || verb === 'test') return assert.ok(scripts[verb])
    if (verb === 'install' || verb === 'ci') return installs(args)
    assert.equal(verb, 'run', 'a verb of npm that this test knows')
    const [name, dashes, ...flags] = args
    assert.ok(scripts[name], `there is a script ${name}`)
    if (dashes === undefined || folder !== '.') return undefined
    assert.equal(dashes, '--')
    return forScript(name, flags)
  }

  function forScript(name, flags) {
    const options = flags.filter((flag) => flag.startsWith('--')).map((flag) => flag.split('=')[0])
    if (name === 'server') {
      for (const option of options) assert.ok(serverFlags().has(option), `the server has ${option}`)
    } else if (name === 'bench') {
      assert.ok(existsSync(join(repository, `benches/${flags[0]}.mjs`)), `there is a benchmark ${flags[0]}`)
    } else if (name === 'test') {
      assert.ok(layers[flags[1]], `there is a layer ${flags[1]}`)
    } else {
      const script = scripts[name].replace(/^node /, '')
      const folder = script.replace(/\.mjs$/, '')
      const sources = [
        script,
        ...(name === 'simulate' ? ['tests/simulation/src/options.rs', 'tests/simulation/src/bin/simulate.rs'] : []),
      ]
      const text = sources
        .filter((path) => existsSync(join(repository, path)))
        .map((path) => readFileSync(join(repository, path), 'utf8'))
        .join('\n')
      for (const option of options) assert.ok(text.includes(option.slice(2)), `${folder} takes ${option}`)
    }
  }

  function installs(args) {
    for (const what of args.filter((arg) => !arg.startsWith('-'))) {
      const name = what.replace(/(?<=.)@[\d.^~x]+$/, '')
      const isTarball = /^(?:\S*\/)?baro-calendar-realtime-[^/]*\.tgz$/.test(what)
      assert.ok(isTarball || installable.includes(name), `${what} is a package that the documents may name`)
    }
  }

  function npx([name]) {
    assert.ok(['vite', 'vitest', 'next'].includes(name), `npx ${name} is known`)
  }

  function node(args) {
    const file = args.find((arg) => !arg.startsWith('-'))
    const titles = blocks.map(({ title }) => title)
    assert.ok(
      existsSync(join(repository, file)) || titles.includes(file),
      `${file} is a file here, or one that a document shows`,
    )
  }

  // Asked of the real server.
  async function curl(args) {
    const asked = args.map((arg) => arg.replace('127.0.0.1:8787', server.address))
    const { stdout } = await run('curl', ['--silent', '--show-error', '--fail-with-body', '--max-time', '10', ...asked])
    assert.notEqual(stdout, '')
  }

  const openssl = ([verb]) => assert.equal(verb, 'rand')
  const cargo = ([verb]) => assert.ok(['test', 'install', 'deny', 'doc'].includes(verb))
})

describe('a document', () => {
  it('shows JSON that can be read', () => {
    for (const { place, text } of blocksIn('json')) {
      // Three dots in brackets stand for more of the same.
      for (const part of text
        .replaceAll('[…]', '[]')
        .replaceAll('{…}', '{}')
        .split(/\n(?=\{)/)) {
        assert.doesNotThrow(() => JSON.parse(part), `${place}: ${part}`)
      }
    }
  })

  it('names the language of every block, one that is tested or a picture in letters', () => {
    const tested = ['ts', 'tsx', 'js', 'jsx', 'html', 'css', 'sh', 'json', 'text']
    for (const { place, lang, text } of blocks) {
      assert.ok(tested.includes(lang), `${place} is "${lang}"`)
      assert.notEqual(text.trim(), '', `${place} is empty`)
    }
  })

  it('names files and commands that exist', () => {
    const wrong = []
    for (const document of [...documents, 'ARCHITECTURE.md', 'CHANGELOG.md']) {
      const text = readFileSync(join(repository, document), 'utf8')
      for (const [, path] of text.matchAll(
        /`((?:src|js|tests|scripts|docs|server|benches|fuzz|examples)\/[\w./-]+)`/g,
      )) {
        const places = [path, join(dirname(document), path)]
        if (!places.some((place) => existsSync(join(repository, place)))) wrong.push(`${document}: ${path}`)
      }
      for (const [, name] of text.matchAll(/`npm run ([\w-]+)/g)) {
        if (!scripts[name]) wrong.push(`${document}: npm run ${name}`)
      }
    }
    assert.deepEqual(wrong, [])
  })
})
