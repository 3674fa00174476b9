import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { installPackage, packageIn, repository } from './installed.mjs'

// wasm-bindgen gives every class these; they are its own memory management and no part of the contract.
const generated = ['constructor', 'free', '__destroy_into_raw']

function declaredMembers(declarations, name) {
  const body = declarations.split(`class ${name} {`)[1]?.split('\n}')[0] ?? ''
  return new Set(
    [...body.matchAll(/^ {2}(\w+)(?:<.*>)?\(/gm)]
      .map(([, member]) => member)
      .filter((member) => member !== 'constructor'),
  )
}

describe('the declared contract', () => {
  let folder
  before(() => {
    folder = installPackage()
  })

  it('declares the methods of the class, no more and no fewer', async () => {
    const declared = declaredMembers(
      readFileSync(join(packageIn(folder), 'esm/types.d.ts'), 'utf8'),
      'RealtimeCalendar',
    )
    const { RealtimeCalendar } = await import(pathToFileURL(join(packageIn(folder), 'esm/index.js')).href)
    const compiled = Object.getOwnPropertyNames(RealtimeCalendar.prototype).filter((name) => !generated.includes(name))
    assert.ok(declared.size > 30, 'the class was found in the declarations')
    assert.deepEqual(
      {
        declaredOnly: [...declared].filter((name) => !compiled.includes(name)),
        compiledOnly: compiled.filter((name) => !declared.has(name)),
      },
      { declaredOnly: [], compiledOnly: [] },
    )
  })

  it('mentions no `any`', () => {
    for (const name of readdirSync(join(packageIn(folder), 'esm')).filter((file) => file.endsWith('.d.ts'))) {
      const code = readFileSync(join(packageIn(folder), 'esm', name), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '')
      assert.ok(!/\bany\b/.test(code), `${name} holds an any`)
    }
  })

  for (const [what, options] of Object.entries({
    'as a bundler resolves it': { module: 'esnext', moduleResolution: 'bundler' },
    'as a module of Node': { module: 'nodenext', moduleResolution: 'nodenext', type: 'module' },
    'as CommonJS of Node': { module: 'nodenext', moduleResolution: 'nodenext', type: 'commonjs' },
  })) {
    it(`compiles strictly ${what}`, () => {
      const { type = 'module', ...resolution } = options
      cpSync(join(repository, 'tests/types'), join(folder, type + resolution.module), { recursive: true })
      const program = join(folder, type + resolution.module)
      writeFileSync(join(program, 'package.json'), JSON.stringify({ type }))
      const compilerOptions = {
        ...resolution,
        target: 'es2022',
        lib: ['es2022', 'dom'],
        types: [],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        skipLibCheck: false,
      }
      writeFileSync(join(program, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
      const tsc = join(repository, 'node_modules/typescript/bin/tsc')
      try {
        execFileSync(process.execPath, [tsc, '-p', program], { encoding: 'utf8' })
      } catch (error) {
        assert.fail(error.stdout)
      }
    })
  }
})
