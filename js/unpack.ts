// Turns the string that carries the WebAssembly back into an answer that can be compiled while it is unpacked.

import { realtimeError } from './error.js'

export function unpack(payload: string): Response {
  if (typeof DecompressionStream === 'undefined' || typeof Response === 'undefined') {
    throw realtimeError(
      'wasm_unavailable',
      'This environment has no DecompressionStream. Pass the file @baro-calendar/realtime/baro_realtime_bg.wasm to init() instead.',
      { retryable: false },
    )
  }
  const text = atob(payload)
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)

  const inflate = new DecompressionStream('deflate-raw')
  const writer = inflate.writable.getWriter()
  // What fails here fails on the readable side too, and is told there.
  writer.write(bytes).catch(() => {})
  writer.close().catch(() => {})
  return new Response(inflate.readable, { headers: { 'content-type': 'application/wasm' } })
}
