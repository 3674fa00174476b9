import type { CalendarEvent } from '@baro-calendar/realtime'
import { useCalendarEvents } from '@baro-calendar/realtime/react'
import { useMemo } from 'react'
import { projectOf, projects } from '../project/project'
import { useSource } from './context'

export interface Range {
  from: string
  to: string
}

/** The events that a range shows, of the projects that are looked at: the same array until one of them changes. */
export function useEvents(range?: Range): readonly CalendarEvent[] {
  const list = useSource(projects)
  const all = useCalendarEvents(range)
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
