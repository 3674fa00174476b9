'use client'
// The hook that has everything a calendar page needs.

import { useEffect, useMemo, useRef } from 'react'
import type {
  CalendarEvent,
  CalendarEventChanges,
  ConnectionState,
  CursorPosition,
  NewCalendarEvent,
  RealtimeError,
  UserPresence,
} from '../types.js'
import { connectionError, connectionState, useConnecting } from './connection.js'
import { useSession } from './context.js'
import { events } from './events.js'
import { presenceCalls, usersWithCursors } from './presence.js'
import { useProject } from './project.js'
import { useReading } from './reading.js'
import { together } from './source.js'
import { confirmed } from './write.js'

/** What `useRealtimeCalendar` takes. */
export interface RealtimeCalendarOptions {
  /** Subscribed while mounted, and the project of `events`; by default `events` are all that are here. */
  projectId?: string | undefined
  /** `true`: connected while mounted, for a provider with `autoConnect={false}`. */
  autoConnect?: boolean | undefined
  onUserJoin?: ((userId: string) => void) | undefined
  onUserLeave?: ((userId: string) => void) | undefined
}

/** What `useRealtimeCalendar` returns. */
export interface RealtimeCalendarView {
  readonly connectionState: ConnectionState
  readonly isConnected: boolean
  /** What went wrong last, until there is a connection again. */
  readonly error: RealtimeError | undefined
  /** The same array until one of them changes. */
  readonly events: readonly CalendarEvent[]
  /** The others by their ids, as in `usePresence`. */
  readonly activeUsers: ReadonlyMap<string, UserPresence>
  /**
   * Creates an event, which shows at once. Resolves with the server's word, offline as soon as there is one again; rejects
   * after the rollback. For the id before that, and for whether it survives a crash, see `createEvent` of the calendar.
   */
  createEventWithSync: (event: NewCalendarEvent) => Promise<CalendarEvent>
  updateEventWithSync: (id: string, changes: CalendarEventChanges) => Promise<CalendarEvent>
  /** Resolves with the event as it last was. */
  deleteEventWithSync: (id: string) => Promise<CalendarEvent>
  /** Tells the others where this user points, as often as the configuration says. */
  broadcastCursor: (position: CursorPosition) => void
  /** Connects anew at once, and loads anew what could not be loaded. */
  reconnect: () => void
}

/**
 * Everything that a calendar page needs. A component is rendered for what it reads of the result: one that takes `events`
 * and the calls is not rendered because somebody joined or moved his cursor.
 */
export function useRealtimeCalendar(options: RealtimeCalendarOptions = {}): RealtimeCalendarView {
  const { projectId, autoConnect = false } = options
  const session = useSession('useRealtimeCalendar')
  const read = useReading(
    useMemo(
      () => ({
        connectionState: connectionState(session),
        error: connectionError(session),
        events: events(session, projectId === undefined ? {} : { projectId }),
        activeUsers: usersWithCursors(session),
      }),
      [session, projectId],
    ),
  )

  const latest = useRef(options)
  useEffect(() => {
    latest.current = options
  })
  useEffect(
    () =>
      together(
        session.on('user:joined', ({ id }) => latest.current.onUserJoin?.(id)),
        session.on('user:left', (id) => latest.current.onUserLeave?.(id)),
      ),
    [session],
  )
  useProject(session, projectId)
  useConnecting(session, autoConnect)

  const calls = useMemo(
    () => ({
      createEventWithSync: (event: NewCalendarEvent) => confirmed(session, (calendar) => calendar.createEvent(event)),
      updateEventWithSync: (id: string, changes: CalendarEventChanges) =>
        confirmed(session, (calendar) => calendar.updateEvent(id, changes)),
      deleteEventWithSync: (id: string) => confirmed(session, (calendar) => calendar.deleteEvent(id)),
      broadcastCursor: presenceCalls(session).broadcastCursor,
      reconnect: session.reconnect,
    }),
    [session],
  )
  return useMemo(
    () => ({
      ...calls,
      get connectionState() {
        return read('connectionState')
      },
      get isConnected() {
        return read('connectionState') === 'connected'
      },
      get error() {
        return read('error')
      },
      get events() {
        return read('events')
      },
      get activeUsers() {
        return read('activeUsers')
      },
    }),
    [calls, read],
  )
}
