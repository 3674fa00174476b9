// When two configurations are one. Owns the identity of a configuration by what it says, so that an object which is written
// inline makes no new calendar with every render, and the functions in it, of which always the latest is called. Does not
// know what an option means, but for the token: a new one of the same user is no new configuration where the calendar asks
// for tokens itself.

import type { RealtimeConfig } from '../types.js'

const depthMax = 8

/** The same text for two configurations of which neither calls for another calendar than the other. */
export function keyOf(config: RealtimeConfig): string {
  const auth = config?.auth
  if (typeof auth?.token !== 'string' || typeof auth.refreshToken !== 'function') return written(config, 0)
  return written({ ...config, auth: { ...auth, token: userOf(auth.token) } }, 0)
}

/** A copy of a configuration whose functions call those that `latest` has at the same place by then. */
export function steady(config: RealtimeConfig, latest: () => RealtimeConfig): RealtimeConfig {
  return settled(config, latest) as RealtimeConfig
}

function written(value: unknown, depth: number): string {
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  if (depth === depthMax) return '…'
  if (Array.isArray(value)) return `[${value.map((item) => written(item, depth + 1)).join()}]`
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${written(field, depth + 1)}`)
  return `{${fields.join()}}`
}

/** Whom a token names; of one that is no JWT, the token itself. */
function userOf(token: string): string {
  try {
    const claims: unknown = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))
    const { sub } = claims as { sub?: unknown }
    return typeof sub === 'string' ? `user ${sub}` : token
  } catch {
    return token
  }
}

type Holder = Record<string, unknown>

function settled(value: unknown, latest: () => unknown): unknown {
  if (!isPlain(value)) return value
  const copy: Holder = {}
  for (const [name, field] of Object.entries(value)) {
    const present = () => (latest() as Holder | undefined)?.[name]
    copy[name] =
      typeof field === 'function'
        ? // As a method, for those that look at what they lie in.
          (...given: unknown[]) => (latest() as Record<string, (...given: unknown[]) => unknown>)[name]?.(...given)
        : settled(field, present)
  }
  return copy
}

function isPlain(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
