// TypeScript, glue and wasm to the folder that is published: one module for one source file, in two formats.
// Nothing is bundled, so that `.`, `./react` and the rest share one loaded WebAssembly instance in either format.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../base/command.mjs'
import { filesBelow, fingerprint, whenChanged } from '../base/fingerprint.mjs'
import { at, cacheDir, distDir, packageDir, projectVersion } from '../base/paths.mjs'
import { step } from '../base/progress.mjs'
import { packWasm } from './payload.mjs'
import { glueFile, wasmFile } from './wasm.mjs'

// Part of the package when they are there.
const documents = ['README.md', 'CHANGELOG.md', 'LICENSE-MIT', 'LICENSE-APACHE']

// One file for both formats, with a declaration for compilers that ask for one.
const styles = ['react/style.css', 'react/style.css.d.ts']

export async function buildPackage() {
  const inputs = [
    'js',
    'src/web/types.d.ts',
    'pkg.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build',
    'package-lock.json',
    ...documents,
  ]
  const print = fingerprint([...inputs.map((path) => at(path)), glueFile, wasmFile], [projectVersion()])
  return whenChanged('package', print, [join(packageDir, 'package.json')], () =>
    step('JavaScript, types and manifest', assemble),
  )
}

async function assemble() {
  // Made beside and moved into place: nobody sees half a package.
  const making = join(distDir, '.package')
  rmSync(making, { recursive: true, force: true })
  await Promise.all([writeModules(making), writeTypes(making)])
  copyFileSync(wasmFile, join(making, 'baro_realtime_bg.wasm'))
  mkdirSync(join(making, 'react'))
  for (const name of styles) copyFileSync(at('js', name), join(making, name))
  for (const name of documents) if (existsSync(at(name))) copyFileSync(at(name), join(making, name))
  const manifest = { ...JSON.parse(readFileSync(at('pkg.json'), 'utf8')), version: projectVersion() }
  writeFileSync(join(making, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  rmSync(packageDir, { recursive: true, force: true })
  renameSync(making, packageDir)
}

async function writeModules(folder) {
  const { build } = await import('esbuild')
  const staged = join(cacheDir, 'modules')
  rmSync(staged, { recursive: true, force: true })
  copyTree(at('js'), staged)
  copyFileSync(glueFile, join(staged, 'glue.js'))
  writeFileSync(join(staged, 'payload.js'), `export default ${JSON.stringify(packWasm())}\n`)
  // Below a manifest that says "module", esbuild takes a default import from CommonJS to be the whole module, as Node does.
  writeFileSync(join(staged, 'package.json'), '{}\n')

  const entryPoints = filesBelow(staged).filter((file) => /\.(js|tsx?)$/.test(file) && !file.endsWith('.d.ts'))
  const common = {
    entryPoints,
    outbase: staged,
    bundle: false,
    // Names stay: they are what a stack trace and a debugger show, and an application's own build shortens them anyway.
    minifySyntax: true,
    legalComments: 'none',
    target: 'es2022',
    jsx: 'automatic',
    logLevel: 'warning',
  }
  await Promise.all([
    build({ ...common, minifyWhitespace: true, format: 'esm', outdir: join(folder, 'esm') }),
    // A real `import()` in CommonJS is beyond most test runners; `require` is not. No page loads this format: its line breaks
    // cost nobody anything, and what tells the exports of CommonJS from its text needs them.
    build({
      ...common,
      format: 'cjs',
      platform: 'node',
      supported: { 'dynamic-import': false },
      outdir: join(folder, 'cjs'),
    }),
  ])
  // The manifest says that .js is a module; this one says it is not, for this folder.
  writeFileSync(join(folder, 'cjs', 'package.json'), '{ "type": "commonjs" }\n')
}

async function writeTypes(folder) {
  const staged = join(cacheDir, 'types')
  rmSync(staged, { recursive: true, force: true })
  await mustRun('node', [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.build.json'), '--outDir', staged])
  // Hand-written declarations are inputs of the compiler, never outputs.
  copyFileSync(at('js/glue.d.ts'), join(staged, 'glue.d.ts'))
  copyFileSync(at('src/web/types.d.ts'), join(staged, 'types.d.ts'))
  for (const format of ['esm', 'cjs']) copyTree(staged, join(folder, format))
}

function copyTree(from, to) {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) copyTree(source, target)
    else copyFileSync(source, target)
  }
}
