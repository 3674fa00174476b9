import type { CalendarEvent, RealtimeCalendar } from '@baro-calendar/realtime'
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { useSession } from './context'
import { together } from './source'

export interface Range {
  from: string
  to: string
}

function useNotified(calendar: RealtimeCalendar) {
  return useCallback((changed: () => void) => calendar.subscribeToEvents(changed), [calendar])
}

/** The events of the project that a range shows: the same array until one of them changes. */
export function useEvents(projectId: string, range: Range | undefined): readonly CalendarEvent[] {
  const { calendar } = useSession()
  const query = useMemo(() => ({ projectId, ...range }), [projectId, range])
  return useSyncExternalStore(
    useNotified(calendar),
    useCallback(() => calendar.getEvents(query), [calendar, query]),
  )
}

export function useEvent(id: string): CalendarEvent | undefined {
  const { calendar } = useSession()
  return useSyncExternalStore(
    useNotified(calendar),
    useCallback(() => calendar.getEvent(id), [calendar, id]),
  )
}

/**
 * Which of the events wait for the server's word. Told apart from the events themselves, which stay as they are when
 * a write is confirmed; a string, so that the same answer is the same value.
 */
export function usePending(events: readonly CalendarEvent[]): ReadonlySet<string> {
  const { calendar } = useSession()
  const ids = useSyncExternalStore(
    useCallback(
      (changed: () => void) => together(calendar.subscribeToEvents(changed), calendar.on('sync-status', changed)),
      [calendar],
    ),
    useCallback(
      () =>
        events
          .filter(({ id }) => calendar.hasPendingWrite(id))
          .map(({ id }) => id)
          .join('\n'),
      [calendar, events],
    ),
  )
  return useMemo(() => new Set(ids === '' ? [] : ids.split('\n')), [ids])
}
