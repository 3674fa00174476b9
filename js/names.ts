// The words of two string types as objects, for people who prefer to type a name over a string.

import type { ConflictStrategy as Strategy, ConnectionState as State } from './types.js'

export const ConnectionState = /* @__PURE__ */ Object.freeze({
  CONNECTING: 'connecting',
  CONNECTED: 'connected',
  DISCONNECTED: 'disconnected',
  RECONNECTING: 'reconnecting',
  ERROR: 'error',
} as const satisfies Record<string, State>)
export type ConnectionState = State

export const ConflictStrategy = /* @__PURE__ */ Object.freeze({
  LAST_WRITE_WINS: 'last_write_wins',
  FIRST_WRITE_WINS: 'first_write_wins',
  MANUAL: 'manual',
  MERGE: 'merge',
  OPERATIONAL_TRANSFORM: 'operational_transform',
  CRDT: 'crdt',
} as const satisfies Record<string, Strategy>)
export type ConflictStrategy = Strategy
