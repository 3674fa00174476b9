import type { RealtimeError } from './types.js'

/** An error in the shape that the whole package throws, for what goes wrong outside the WebAssembly. */
export function realtimeError(
  code: string,
  message: string,
  options: { retryable: boolean; cause?: unknown },
): RealtimeError {
  const error = new Error(message, options.cause === undefined ? undefined : { cause: options.cause })
  error.name = 'RealtimeError'
  return Object.assign(error, { code, retryable: options.retryable })
}
