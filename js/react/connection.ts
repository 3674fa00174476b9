'use client'
// The state of the connection, and what went wrong with it.

import { useEffect, useMemo } from 'react'
import type { ConnectionState, RealtimeError } from '../types.js'
import { useSession } from './context.js'
import type { Session } from './session.js'
import { type Source, useSource } from './source.js'

/** The state of a session's connection. */
export function connectionState(session: Session): Source<ConnectionState> {
  return {
    subscribe: (changed) => {
      const stops = [session.subscribe(changed), session.on('state-change', changed)]
      return () => {
        for (const stop of stops) stop()
      }
    },
    get: () => session.state,
    initial: 'disconnected',
  }
}

/** What went wrong last with a session. */
export const connectionError = (session: Session): Source<RealtimeError | undefined> => ({
  subscribe: session.subscribe,
  get: () => session.error,
  initial: undefined,
})

/** The state of the connection; `'disconnected'` on a server and until the WebAssembly is loaded. */
export function useConnectionState(): ConnectionState {
  const session = useSession('useConnectionState')
  return useSource(useMemo(() => connectionState(session), [session]))
}

/** What went wrong last, until there is a connection again. */
export function useConnectionError(): RealtimeError | undefined {
  const session = useSession('useConnectionError')
  return useSource(useMemo(() => connectionError(session), [session]))
}

/** Holds a connection while `isWanted`. */
export function useConnecting(session: Session, isWanted: boolean): void {
  useEffect(() => (isWanted ? session.connect() : undefined), [session, isWanted])
}
