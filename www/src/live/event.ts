import type { CalendarEvent, RealtimeCalendar } from '@baro-calendar/realtime'
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { projectOf, projects } from '../project/project'
import { useSession, useSource } from './context'
import { together } from './source'

export interface Range {
  from: string
  to: string
}

const everything = {}

function useNotified(calendar: RealtimeCalendar) {
  return useCallback((changed: () => void) => calendar.subscribeToEvents(changed), [calendar])
}

/** The events that a range shows, of the projects that are looked at: the same array until one of them changes. */
export function useEvents(range?: Range): readonly CalendarEvent[] {
  const { calendar } = useSession()
  const list = useSource(projects)
  const all = useSyncExternalStore(
    useNotified(calendar),
    useCallback(() => calendar.getEvents(range ?? everything), [calendar, range]),
  )
  return useMemo(() => {
    const shown = new Set(list.filter((project) => project.shown).map(({ id }) => id))
    return all.filter((event) => shown.has(projectOf(event)))
  }, [all, list])
}

/** How many events each project has. */
export function useCounts(): ReadonlyMap<string, number> {
  const events = useEvents()
  return useMemo(() => {
    const counts = new Map<string, number>()
    for (const event of events) counts.set(projectOf(event), (counts.get(projectOf(event)) ?? 0) + 1)
    return counts
  }, [events])
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
