// What wasm-bindgen generates beside this file when the package is built; see scripts/build/wasm.mjs.

import type { RealtimeCalendar as Contract } from './types.js'

export declare const RealtimeCalendar: typeof Contract

export default function load(options: {
  module_or_path: Response | BufferSource | WebAssembly.Module | Promise<Response>
}): Promise<unknown>
