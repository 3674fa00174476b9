'use client'
// How hooks find their provider.

import { createContext, useContext, useMemo } from 'react'
import type { RealtimeCalendar } from '../calendar.js'
import { realtimeError } from '../error.js'
import type { Session } from './session.js'
import { source, useSource } from './source.js'

export const SessionContext = /* @__PURE__ */ createContext<Session | undefined>(undefined)

let standIn: Session | undefined

/** Calls a hook, for which this session takes the place of a provider. A hook runs to its end at once, so that no other sees it. */
export function withSession<Value>(session: Session, use: () => Value): Value {
  const before = standIn
  standIn = session
  try {
    return use()
  } finally {
    standIn = before
  }
}

/** The session of the nearest provider. */
export function useSession(hook: string): Session {
  const provided = useContext(SessionContext)
  const session = standIn ?? provided
  if (session === undefined) {
    throw realtimeError('no_provider', `${hook} needs a <RealtimeCalendarProvider> above the component that uses it.`, {
      retryable: false,
    })
  }
  return session
}

/**
 * The calendar itself, for what has no hook; `undefined` on a server and until the WebAssembly is loaded, and another one
 * after a configuration that says something else.
 */
export function useCalendar(): RealtimeCalendar | undefined {
  const session = useSession('useCalendar')
  return useSource(
    useMemo(() => source<RealtimeCalendar | undefined>(session, [], (found) => found, undefined), [session]),
  )
}
