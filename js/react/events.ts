'use client'
// The events of the calendar, as arrays and objects that stay the same until what they show changes.

import { useMemo } from 'react'
import type { CalendarEvent, EventQuery } from '../types.js'
import { useSession } from './context.js'
import type { Session } from './session.js'
import { type Source, source, useSource } from './source.js'

const none: readonly CalendarEvent[] = /* @__PURE__ */ Object.freeze([])

/** The events of a session that `query` asks for. */
export function events(session: Session, query: EventQuery): Source<readonly CalendarEvent[]> {
  // The calendar keeps the arrays of the queries that were asked last; a page may have more of them.
  const keep = (before: readonly CalendarEvent[], now: readonly CalendarEvent[]) =>
    before.length === now.length && before.every((event, at) => event === now[at]) ? before : now
  return source(session, ['events-change'], (calendar) => calendar.getEvents(query), none, keep)
}

/** A query that is the same object as long as it asks for the same. */
export function useQuery({ from, to, projectId, calendarId }: EventQuery): EventQuery {
  const [start, end] = [instant(from), instant(to)]
  return useMemo(
    () => ({
      ...(start === undefined ? {} : { from: start }),
      ...(end === undefined ? {} : { to: end }),
      ...(projectId === undefined ? {} : { projectId }),
      ...(calendarId === undefined ? {} : { calendarId }),
    }),
    [start, end, projectId, calendarId],
  )
}

/**
 * The events that `query` asks for, all without one, in an array that stays the same until one of them changes. A query
 * written inline is as good as one that is kept.
 */
export function useCalendarEvents(query: EventQuery = {}): readonly CalendarEvent[] {
  const session = useSession('useCalendarEvents')
  const asked = useQuery(query)
  return useSource(useMemo(() => events(session, asked), [session, asked]))
}

/** One event; `undefined` if there is none of this id. */
export function useCalendarEvent(id: string): CalendarEvent | undefined {
  const session = useSession('useCalendarEvent')
  return useSource(
    useMemo(
      () =>
        source<CalendarEvent | undefined>(session, ['events-change'], (calendar) => calendar.getEvent(id), undefined),
      [session, id],
    ),
  )
}

/** Whether something about an event still waits for the server's word. */
export function useHasPendingWrite(id: string): boolean {
  const session = useSession('useHasPendingWrite')
  return useSource(
    useMemo(
      () => source(session, ['events-change', 'sync-status'], (calendar) => calendar.hasPendingWrite(id), false),
      [session, id],
    ),
  )
}

// What is no date is left to the calendar, whose error names it.
const instant = (date: string | Date | undefined): string | undefined =>
  date instanceof Date ? (Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString()) : date
