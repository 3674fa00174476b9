// Arguments that the compiled class takes for granted to be strings: a program that is not type-checked hears what came.

import { realtimeError } from './error.js'

/** `given`, if it is a string; otherwise throws `invalid_argument`, which names the argument. */
export function string(field: string, given: string): string {
  if (typeof given === 'string') return given
  const got = given === null ? 'null' : typeof given
  const expected = 'a string'
  const error = realtimeError('invalid_argument', `${field}: expected ${expected}, got ${got}`, { retryable: false })
  throw Object.assign(error, { details: { field, got, expected } })
}
