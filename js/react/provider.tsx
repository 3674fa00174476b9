'use client'
// The component that a program puts above those which show the calendar. Owns when there is a calendar: from the first
// effect to the last, one for what the configuration says. Renders nothing but its children, once, whatever happens.

import { type ReactElement, type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { RealtimeCalendar } from '../calendar.js'
import type { InitSource, RealtimeConfig, RealtimeError } from '../types.js'
import { keyOf } from './configuration.js'
import { useConnecting } from './connection.js'
import { SessionContext } from './context.js'
import { Session } from './session.js'
import { together } from './source.js'
import { WordingContext, type WordingProps } from './wording.js'

interface CommonProps extends WordingProps {
  children?: ReactNode
  /** Called for every error that nobody asked for; without it they are written to the console. */
  onError?: ((error: RealtimeError) => void) | undefined
}

interface OwnCalendarProps extends CommonProps {
  /**
   * What `new RealtimeCalendar()` takes. It may be written inline: another calendar is made only when it says something
   * else, and of its functions always the latest is called. With `auth.refreshToken`, another token of the same user says
   * nothing else.
   *
   * One that is refused (`invalid_config`, `unsupported`) is thrown to the nearest error boundary.
   */
  config: RealtimeConfig
  /** Where the WebAssembly is hosted; by default it comes with the package. */
  wasm?: InitSource | undefined
  /** Default `true`: connected while mounted. `false`: while a `useRealtimeCalendar({ autoConnect: true })` is. */
  autoConnect?: boolean | undefined
  calendar?: never
}

interface GivenCalendarProps extends CommonProps {
  /** A calendar that the program has made itself, and connects and destroys itself. */
  calendar: RealtimeCalendar
  config?: never
  wasm?: never
  autoConnect?: never
}

/** What `RealtimeCalendarProvider` takes: a configuration, or a calendar. */
export type RealtimeCalendarProviderProps = OwnCalendarProps | GivenCalendarProps

/** Gives the hooks and components below it a calendar. */
export function RealtimeCalendarProvider(props: RealtimeCalendarProviderProps): ReactElement {
  const { config, calendar, wasm, autoConnect = true, onError, locale, texts, children } = props
  const [session] = useState(() => new Session())
  const key = calendar === undefined ? keyOf(config as RealtimeConfig) : ''

  useEffect(() => {
    session.report = onError
    if (config !== undefined) session.config = config
  })
  useConnecting(session, calendar === undefined && autoConnect)
  useEffect(
    () =>
      together(
        session.on('connected', () => session.onConnected()),
        calendar === undefined ? session.open(key, config as RealtimeConfig, wasm) : session.borrow(calendar),
      ),
    // What the configuration says is in the key.
    [session, key, calendar],
  )

  const refusal = useSyncExternalStore(
    session.subscribe,
    () => session.refusal,
    () => undefined,
  )
  if (refusal !== undefined) throw refusal

  const wording = useMemo(() => ({ locale, texts }), [locale, texts])
  return (
    <SessionContext.Provider value={session}>
      <WordingContext.Provider value={wording}>{children}</WordingContext.Provider>
    </SessionContext.Provider>
  )
}
