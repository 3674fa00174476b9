import type { CalendarEvent } from '@baro-calendar/realtime'
import type { EventApi, EventInput } from '@fullcalendar/core'
import { safeColor } from '../color'
import { projectOf } from '../project/project'
import { addDays, addMinutes, dayOf, spanOf, type Span } from '../time'

/** The calendar component's word for an event of ours. */
export interface EntryProps {
  event: CalendarEvent
  /** The event's own, or its project's. */
  color: string
}

function entryOf(event: CalendarEvent, projectColor: string | undefined): EventInput | undefined {
  const span = spanOf(event)
  if (!span) return undefined
  const color = safeColor(event.color, projectColor)
  const props: EntryProps = { event, color }
  return {
    id: event.id,
    title: titleOfEvent(event),
    start: span.startDate,
    end: span.endDate,
    allDay: span.allDay,
    backgroundColor: color,
    borderColor: color,
    extendedProps: props,
  }
}

export function entriesOf(events: readonly CalendarEvent[], colors: ReadonlyMap<string, string>): EventInput[] {
  return events.flatMap((event) => entryOf(event, colors.get(projectOf(event))) ?? [])
}

export function titleOfEvent(event: CalendarEvent): string {
  return String(event.title).trim() || 'Untitled event'
}

/** Where an event stands after it was dragged or resized. Moving between all-day and timed leaves it without an end. */
export function spanOfEntry(entry: EventApi): Span | undefined {
  const { start, end, allDay } = entry
  if (!start) return undefined
  if (allDay) {
    const first = dayOf(start)
    return { allDay, startDate: first, endDate: end ? dayOf(end) : addDays(first, 1) }
  }
  return { allDay, startDate: start.toISOString(), endDate: (end ?? addMinutes(start, 60)).toISOString() }
}

/** The fields that differ, so that a move never overwrites what somebody else changed meanwhile. */
export function changedSpan(event: CalendarEvent, span: Span): Partial<Span> {
  const former = spanOf(event)
  const changes: Partial<Span> = {}
  if (span.startDate !== former?.startDate) changes.startDate = span.startDate
  if (span.endDate !== former?.endDate) changes.endDate = span.endDate
  if (span.allDay !== former?.allDay) changes.allDay = span.allDay
  return changes
}
