'use client'
// From the events that the server rendered to those of the live calendar.

import type { CalendarEvent, EventQuery } from '@baro-calendar/realtime'
import { useCalendarEvents, useSyncStatus } from '@baro-calendar/realtime/react'

/**
 * The events to show. What the server rendered stays until the calendar knows better: until it has the server's word, or holds
 * edits that the server has not seen, or nothing was rendered.
 */
export function useEvents(rendered: CalendarEvent[] | null, query: EventQuery): readonly CalendarEvent[] {
  const live = useCalendarEvents(query)
  const { lastSyncedAt, pendingActions } = useSyncStatus()
  const knowsBetter = lastSyncedAt !== undefined || pendingActions.length > 0
  return knowsBetter || rendered === null ? live : rendered
}
