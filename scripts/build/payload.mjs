// The module as JavaScript can carry it: base64 of deflate. Compressed before it is spelt out, because a server's gzip
// takes the third that base64 adds away again only when the bytes beneath are dense.

import { readFileSync } from 'node:fs'
import { constants, deflateRawSync } from 'node:zlib'
import { wasmFile } from './wasm.mjs'

/** The wasm file as one string. */
export function packWasm() {
  const bytes = readFileSync(wasmFile)
  return deflateRawSync(bytes, { level: 9, memLevel: 9, strategy: constants.Z_DEFAULT_STRATEGY }).toString('base64')
}
