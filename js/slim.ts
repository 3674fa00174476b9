// The package without the WebAssembly, for programs that host `baro_realtime_bg.wasm` themselves.

import { realtimeError } from './error.js'
import { loadOnce } from './load.js'
import type { InitSource } from './types.js'

export * from './contents.js'

/** Loads the WebAssembly from where it is hosted. Safe to call many times. */
export function init(source: InitSource): Promise<void> {
  return loadOnce(() => {
    if (source !== undefined) return source
    throw realtimeError(
      'invalid_argument',
      'init() of @baro-calendar/realtime/slim needs the address or the bytes of baro_realtime_bg.wasm.',
      { retryable: false },
    )
  })
}

export default init
