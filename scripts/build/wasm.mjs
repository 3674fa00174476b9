// Rust to a small WebAssembly module with its JavaScript glue.
//
// `cargo rustc --crate-type cdylib` and not `cargo build`: with the manifest's two crate types cargo leaves fat LTO out
// without a word. wasm-bindgen without a default module path: the glue then holds no `import.meta.url`, which bundlers
// would follow.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { mustRun } from '../base/command.mjs'
import { fingerprint, whenChanged } from '../base/fingerprint.mjs'
import { at, cacheDir } from '../base/paths.mjs'
import { step } from '../base/progress.mjs'
import { toolPath } from '../setup/cargo-tools.mjs'
import { wasmEnvironment, wasmTarget } from '../setup/rust.mjs'

const outDir = join(cacheDir, 'wasm')
export const glueFile = join(outDir, 'glue.js')
export const wasmFile = join(outDir, 'glue_bg.wasm')

// What rustc emits for this target by itself and every supported browser has. wasm-opt has to be told.
const features = [
  'bulk-memory',
  'nontrapping-float-to-int',
  'sign-ext',
  'mutable-globals',
  'reference-types',
  'multivalue',
]

const compiled = at('target', wasmTarget, 'wasm', 'baro_realtime.wasm')

export async function buildWasm() {
  const sources = fingerprint([at('src'), at('Cargo.toml'), at('Cargo.lock')], [await compilerVersion()])
  await whenChanged('wasm-compile', sources, [compiled], () => step('Rust to WebAssembly', compile))
  const module = fingerprint(
    [compiled, at('scripts/build/wasm.mjs'), at('node_modules/binaryen/package.json')],
    [toolPath('wasm-bindgen')],
  )
  await whenChanged('wasm-shrink', module, [glueFile, wasmFile], () => step('wasm-bindgen and wasm-opt', shrink))
}

async function compilerVersion() {
  return (await mustRun('rustc', ['-V'], { env: wasmEnvironment() })).stdout
}

async function compile() {
  const args = [
    'rustc',
    '--lib',
    '--crate-type',
    'cdylib',
    '--profile',
    'wasm',
    '--target',
    wasmTarget,
    '-p',
    'baro-realtime',
  ]
  await mustRun('cargo', args, { env: { ...wasmEnvironment(), ...(await withoutPaths()) }, show: true })
}

/** Where the sources lay is nobody's business: panics would tell it, and it would differ between machines. */
async function withoutPaths() {
  const home = process.env.CARGO_HOME ?? join(homedir(), '.cargo')
  const registry = join(home, 'registry/src')
  const folders = existsSync(registry) ? readdirSync(registry).map((name) => join(registry, name)) : []
  const remapped = [...folders, at('.')].map((folder) => `--remap-path-prefix=${folder}=.`)
  const name = 'CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS'
  return { [name]: [process.env[name] ?? wasmEnvironment()[name] ?? '', ...remapped].join(' ').trim() }
}

async function shrink() {
  rmSync(outDir, { recursive: true, force: true })
  mkdirSync(outDir, { recursive: true })
  await mustRun(toolPath('wasm-bindgen'), [
    compiled,
    '--target',
    'web',
    '--omit-default-module-path',
    '--no-typescript',
    '--out-name',
    'glue',
    '--out-dir',
    outDir,
  ])
  refuseModuleUrl()
  encodeAtOnce()
  wrapGlue()
  const smaller = `${wasmFile}.opt`
  await mustRun('node', [
    at('node_modules/binaryen/bin/wasm-opt'),
    '-Oz',
    ...features.map((name) => `--enable-${name}`),
    wasmFile,
    '-o',
    smaller,
  ])
  const before = statSync(wasmFile).size
  renameSync(smaller, wasmFile)
  return `${before} to ${statSync(wasmFile).size} bytes`
}

/**
 * Makes the glue a function. wasm-bindgen writes a module with one instance in its variables; a page needs another one
 * after a panic, beside callbacks that still know the first. The exports pass through `guard`, see js/instance.ts.
 */
function wrapGlue() {
  const names = []
  const inner = readFileSync(glueFile, 'utf8')
    .replace(/^export (class|function) (\w+)/gm, (_, kind, name) => {
      names.push(name)
      return `${kind} ${name}`
    })
    .replace(/^export \{ initSync, __wbg_init as default \};?$/m, '')
    .replace(/^(\s*)wasm = instance\.exports;$/m, '$1wasm = guard(instance.exports);')
  if (
    /^(export|import)\b/m.test(inner) ||
    !inner.includes('guard(instance.exports)') ||
    !inner.includes('wasmModule')
  ) {
    throw new Error('The glue of wasm-bindgen is not what js/instance.ts was written for.')
  }
  const given = [...names, 'initSync', 'init: __wbg_init', 'compiled: () => wasmModule']
  writeFileSync(glueFile, `export function instantiate(guard) {\n${inner}\nreturn { ${given.join(', ')} };\n}\n`)
}

/**
 * Has strings copied into the memory by the browser. wasm-bindgen copies them letter by letter until one is not ASCII,
 * which takes ten times as long for what is longer than a few words: each text frame, each event that is written.
 */
function encodeAtOnce() {
  const byLetter = `    for (; offset < len; offset++) {
        const code = arg.charCodeAt(offset);
        if (code > 0x7F) break;
        mem[ptr + offset] = code;
    }
    if (offset !== len) {
        if (offset !== 0) {
            arg = arg.slice(offset);
        }`
  const atOnce = `    let read = 0;
    if (len > 48) ({ read, written: offset } = cachedTextEncoder.encodeInto(arg, mem.subarray(ptr, ptr + len)));
    else {
        for (; offset < len; offset++) {
            const code = arg.charCodeAt(offset);
            if (code > 0x7F) break;
            mem[ptr + offset] = code;
        }
        read = offset;
    }
    if (read !== len) {
        if (read !== 0) {
            arg = arg.slice(read);
        }`
  const glue = readFileSync(glueFile, 'utf8')
  if (glue.split(byLetter).length !== 2) {
    throw new Error('The glue of wasm-bindgen does not copy strings as scripts/build/wasm.mjs expects.')
  }
  writeFileSync(glueFile, glue.replace(byLetter, atOnce))
}

function refuseModuleUrl() {
  if (readFileSync(glueFile, 'utf8').includes('import.meta')) {
    throw new Error('The glue of wasm-bindgen mentions import.meta; bundlers and CommonJS cannot take that.')
  }
}
