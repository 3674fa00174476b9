// Owns the one load of the WebAssembly and the instance that lives. Guarantees that concurrent calls share the load, that
// a failed one can be repeated, and that the place of an instance that died is taken by a new one of the same module.
// Does not know where the bytes lie: every entry of the package says that itself.

import { realtimeError } from './error.js'
import { Instance } from './instance.js'
import type { InitSource } from './types.js'

let loading: Promise<void> | undefined
let compiled: WebAssembly.Module | undefined
let current: Instance | undefined

/** The instance that lives; none before the WebAssembly was loaded. */
export function livingInstance(): Instance | undefined {
  if (current?.fatal !== undefined) {
    current = undefined
    loading = undefined
  }
  if (current === undefined && compiled !== undefined) {
    const next = new Instance()
    try {
      next.glue.initSync({ module: compiled })
      begin(next)
    } catch {
      // A browser that makes no instance of this size at once: `init` makes it.
    }
  }
  return current
}

/** Loads once. `source` is asked only by the call that begins the load. */
export function loadOnce(source: () => InitSource | Promise<InitSource>): Promise<void> {
  if (livingInstance() !== undefined) loading ??= Promise.resolve()
  loading ??= start(source).catch((cause: unknown) => {
    loading = undefined
    throw cause
  })
  return loading
}

async function start(source: () => InitSource | Promise<InitSource>): Promise<void> {
  if (typeof WebAssembly === 'undefined') {
    throw realtimeError('wasm_unavailable', 'This environment has no WebAssembly.', { retryable: false })
  }
  try {
    const given = compiled ?? (await source())
    const next = new Instance()
    await next.glue.init({ module_or_path: isAddress(given) ? await download(given) : await checked(given) })
    begin(next)
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'RealtimeError') throw cause
    throw realtimeError(
      'wasm_load_failed',
      `The WebAssembly of @baro-calendar/realtime could not be loaded: ${explain(cause)}`,
      {
        retryable: true,
        cause,
      },
    )
  }
}

function begin(instance: Instance): void {
  instance.glue.nameThePlaceOfPanics()
  compiled = instance.glue.compiled()
  current = instance
}

const isAddress = (source: InitSource): source is string | URL => typeof source === 'string' || source instanceof URL

async function download(address: string | URL): Promise<Response> {
  return checked(await fetch(address))
}

// Of an answer that is no module the compiler would say only that its first bytes are wrong.
function checked<Source extends Exclude<InitSource, string | URL>>(source: Source): Source {
  if (typeof Response !== 'undefined' && source instanceof Response && !source.ok) {
    throw new Error(`${source.url || 'the server'} answered ${source.status}.`)
  }
  return source
}

function explain(cause: unknown): string {
  const said = cause instanceof Error ? cause.message : String(cause)
  const blocked = typeof WebAssembly.CompileError === 'function' && /unsafe-eval|content security policy/i.test(said)
  return blocked ? `${said} A Content-Security-Policy has to allow 'wasm-unsafe-eval' in script-src.` : said
}
