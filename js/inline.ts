// The package in one piece, for workers and test runners that cannot fetch a second module.

import { loadOnce } from './load.js'
import payload from './payload.js'
import type { InitSource } from './types.js'
import { unpack } from './unpack.js'

export * from './contents.js'

/** Loads the WebAssembly, which is in this module already. Safe to call many times. */
export function init(source?: InitSource): Promise<void> {
  return loadOnce(() => source ?? unpack(payload))
}

export default init
