import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { installPackage, packageIn, repository } from './installed.mjs'

// wasm-bindgen gives every class these; they are its own memory management.
const generated = ['constructor', '__destroy_into_raw']

function declaredMembers(file) {
  const body = readFileSync(file, 'utf8').split('class RealtimeCalendar {')[1]?.split('\n}')[0] ?? ''
  const members = [...body.matchAll(/^ {2}(\w+)(?:<.*>)?\(/gm)].map(([, member]) => member)
  assert.ok(members.length > 30, `the class was found in ${file}`)
  return members.filter((member) => member !== 'constructor')
}

const methodsOf = ({ prototype }) =>
  Object.getOwnPropertyNames(prototype).filter((member) => !generated.includes(member))

describe('the declared contract', () => {
  let folder
  before(() => {
    folder = installPackage()
  })

  for (const [what, declarations, module] of [
    ['published class', 'types.d.ts', 'calendar.js'],
    ['compiled class', 'glue.d.ts', 'glue.js'],
  ]) {
    it(`declares the methods of the ${what}, no more and no fewer`, async () => {
      const esm = join(packageIn(folder), 'esm')
      const declared = declaredMembers(join(esm, declarations))
      const loaded = await import(pathToFileURL(join(esm, module)).href)
      const { RealtimeCalendar } = loaded.instantiate?.((exports) => exports) ?? loaded
      const existing = methodsOf(RealtimeCalendar)
      const difference = {
        onlyDeclared: declared.filter((member) => !existing.includes(member)),
        onlyExisting: existing.filter((member) => !declared.includes(member)),
      }
      assert.deepEqual(difference, { onlyDeclared: [], onlyExisting: [] })
    })
  }

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
