'use client'
// What hooks and components use where there is no `RealtimeCalendarProvider`, which the original layer did not have: the
// calendar of the page's address. Owns one session an address; guarantees that all of them share its connection, which lasts
// as long as any of them is mounted. A provider that is there goes before it.

import { type ReactElement, type ReactNode, useContext, useEffect } from 'react'
import { SessionContext } from '../react/context.js'
import { Session } from '../react/session.js'
import type { RealtimeError } from '../types.js'
import { type SharedConnection, holdConnection } from './connection.js'
import { calendarAddress } from './settings.js'

class SharedSession {
  readonly session = new Session()
  readonly #url: string
  #holders = 0
  #connection: SharedConnection | undefined
  #giveBack = (): void => {}

  constructor(url: string) {
    this.#url = url
  }

  /** Holds the connection; what is returned lets go of it. */
  readonly hold = (): (() => void) => {
    this.#holders += 1
    if (this.#holders === 1) this.#connect()
    return () => {
      this.#holders -= 1
      if (this.#holders > 0) return
      this.#giveBack()
      this.#giveBack = () => {}
      this.#connection?.release()
      this.#connection = undefined
    }
  }

  #connect(): void {
    const connection = holdConnection({ url: this.#url })
    this.#connection = connection
    connection.opened.then(
      ({ calendar }) => {
        if (this.#connection !== connection) return
        this.#giveBack = this.session.borrow(calendar)
        void calendar.connect().catch(() => {})
      },
      (error: RealtimeError) => {
        if (this.#connection === connection) this.session.onError(error)
      },
    )
  }
}

const sessions = new Map<string, SharedSession>()

function sharedSession(url: string): SharedSession {
  const session = sessions.get(url) ?? new SharedSession(url)
  sessions.set(url, session)
  return session
}

/** The session of the provider above, else the page's, which is held while `isWanted`. */
export function useSharedSession(isWanted: boolean): Session {
  const provided = useContext(SessionContext)
  const shared = sharedSession(calendarAddress())
  const hold = provided === undefined && isWanted ? shared.hold : undefined
  useEffect(() => hold?.(), [hold])
  return provided ?? shared.session
}

/** Gives the components below it the page's session, if no provider gives them another. */
export function SharedCalendar({ children }: { children: ReactNode }): ReactElement {
  const session = useSharedSession(true)
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>
}
