import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { installPackage, link, repository, runNode } from '../packaging/installed.mjs'

describe('a program without the libraries', () => {
  it('imports the bindings all the same', () => {
    const load = `const modules = await Promise.all(['zustand', 'apollo'].map((one) => import('@baro-calendar/realtime/' + one)))
console.log(JSON.stringify(modules.map((module) => Object.keys(module))))`
    assert.deepEqual(runNode(installPackage(), 'load.mjs', load), [['bindZustand'], ['bindApolloCache']])
  })
})

describe('a program in TypeScript', () => {
  let folder
  before(() => {
    folder = installPackage()
    link(folder, ['zustand', 'react', '@types/react', '@apollo/client', 'graphql', 'rxjs'])
    cpSync(join(repository, 'tests/stores/types'), join(folder, 'program'), { recursive: true })
  })

  for (const [what, exactOptionalPropertyTypes] of [
    ['strictly', false],
    ['as strictly as it gets', true],
  ]) {
    it(`binds stores and caches of the libraries' own types, ${what}`, () => {
      const compilerOptions = {
        target: 'es2022',
        module: 'esnext',
        moduleResolution: 'bundler',
        lib: ['es2022', 'dom'],
        types: [],
        strict: true,
        exactOptionalPropertyTypes,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        // Apollo's own declarations do not hold with exact optional properties.
        skipLibCheck: true,
        preserveSymlinks: true,
      }
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['program/*.ts'] }))
      const tsc = join(repository, 'node_modules/typescript/bin/tsc')
      const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
      assert.deepEqual([stdout, status], ['', 0])
    })
  }
})
