// The words of two string types as objects, for people who prefer to type a name over a string.

import type { ConflictStrategy as Strategy, ConnectionState as State } from './types.js'

/** The states of a connection by name: `ConnectionState.CONNECTED === 'connected'`. */
export const ConnectionState = /* @__PURE__ */ Object.freeze({
  CONNECTING: 'connecting',
  CONNECTED: 'connected',
  DISCONNECTED: 'disconnected',
  RECONNECTING: 'reconnecting',
  ERROR: 'error',
} as const satisfies Record<string, State>)
/** State of the connection. */
export type ConnectionState = State

/** The strategies by name: `ConflictStrategy.MERGE === 'merge'`. */
export const ConflictStrategy = /* @__PURE__ */ Object.freeze({
  LAST_WRITE_WINS: 'last_write_wins',
  FIRST_WRITE_WINS: 'first_write_wins',
  MANUAL: 'manual',
  MERGE: 'merge',
  OPERATIONAL_TRANSFORM: 'operational_transform',
  CRDT: 'crdt',
} as const satisfies Record<string, Strategy>)
/** How two versions of one event become one: `docs/MERGING.md` of the repository. */
export type ConflictStrategy = Strategy
