// The WebAssembly as base64 of deflate, written when the package is built; see scripts/build/payload.mjs.

declare const payload: string
export default payload
