// The package as most programs want it: the WebAssembly lies in a module of its own, fetched when `init` is called.

import { loadOnce } from './load.js'
import type { InitSource } from './types.js'
import { unpack } from './unpack.js'

export * from './contents.js'

/**
 * Loads the WebAssembly. Call it before the first `new RealtimeCalendar(...)`; calling it again costs nothing, and
 * concurrent calls share one load.
 *
 * @param source Where to load it from instead, for a program that hosts `baro_realtime_bg.wasm` itself.
 */
export function init(source?: InitSource): Promise<void> {
  return loadOnce(async () => source ?? unpack((await import('./payload.js')).default))
}

export default init
