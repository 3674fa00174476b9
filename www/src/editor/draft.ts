import type { CalendarEvent, CalendarEventChanges, NewCalendarEvent } from '@baro-calendar/realtime'
import { safeColor } from '../color'
import { projectForNew, projectOf } from '../project/project'
import { addDays, addMinutes, fromLocal, isDate, minuteOf, spanOf, timeZone, type Span } from '../time'

/** An event as the dialog's fields hold it: local times, and a last day that is part of the event. */
export interface Draft {
  title: string
  allDay: boolean
  /** `2025-11-21T09:00`, also while the event is all-day: the hour is still there when it is not any more. */
  start: string
  end: string
  location: string
  description: string
  attendees: string
  /** Empty for the project's own. */
  color: string
  projectId: string
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')

function timesOf(span: Span): Pick<Draft, 'allDay' | 'start' | 'end'> {
  return span.allDay
    ? { allDay: true, start: `${span.startDate}T09:00`, end: `${addDays(span.endDate, -1)}T10:00` }
    : { allDay: false, start: minuteOf(new Date(span.startDate)), end: minuteOf(new Date(span.endDate)) }
}

export function draftOfSpan(span: Span): Draft {
  return {
    ...timesOf(span),
    title: '',
    location: '',
    description: '',
    attendees: '',
    color: '',
    projectId: projectForNew(),
  }
}

export function draftOf(event: CalendarEvent): Draft {
  const span = spanOf(event) ?? { allDay: false, startDate: event.startDate, endDate: event.endDate }
  return {
    ...timesOf(span),
    title: text(event.title),
    location: text(event.location),
    description: text(event.description),
    attendees: Array.isArray(event.attendees) ? event.attendees.join(', ') : '',
    color: safeColor(event.color, ''),
    projectId: projectOf(event),
  }
}

export function spanOfDraft({ allDay, start, end }: Draft): Span {
  return allDay
    ? { allDay, startDate: start.slice(0, 10), endDate: addDays(end, 1) }
    : { allDay, startDate: fromLocal(start).toISOString(), endDate: fromLocal(end).toISOString() }
}

/** What keeps a draft from being saved, in words for the person. */
export function faultOf({ allDay, start, end }: Draft): string | undefined {
  if (!isDate(fromLocal(start))) return 'Choose when it starts.'
  if (!isDate(fromLocal(end))) return 'Choose when it ends.'
  if (allDay ? end.slice(0, 10) < start.slice(0, 10) : fromLocal(end) <= fromLocal(start))
    return 'It has to end after it starts.'
  return undefined
}

/** A later start takes the end along, so that the length stays what it was. */
export function withStart(draft: Draft, start: string): Pick<Draft, 'start' | 'end'> {
  const former = fromLocal(draft.start)
  const next = fromLocal(start)
  const end = fromLocal(draft.end)
  if (!isDate(former) || !isDate(next) || !isDate(end)) return { start, end: draft.end }
  return { start, end: minuteOf(addMinutes(end, (next.getTime() - former.getTime()) / 60_000)) }
}

function attendeesOf(list: string): string[] {
  return [
    ...new Set(
      list
        .split(/[,;\n]/)
        .map((name) => name.trim())
        .filter(Boolean),
    ),
  ]
}

export function eventOf(draft: Draft): NewCalendarEvent {
  const attendees = attendeesOf(draft.attendees)
  return {
    ...spanOfDraft(draft),
    ...(draft.allDay ? {} : { timeZone }),
    title: draft.title.trim() || 'Untitled event',
    projectId: draft.projectId,
    ...(draft.color ? { color: draft.color } : {}),
    ...(draft.location.trim() ? { location: draft.location.trim() } : {}),
    ...(draft.description.trim() ? { description: draft.description.trim() } : {}),
    ...(attendees.length > 0 ? { attendees } : {}),
  }
}

/** Only what the person touched and what differs: the rest may have been changed by somebody else meanwhile. */
export function changesOf(event: CalendarEvent, touched: Partial<Draft>): CalendarEventChanges {
  const former = draftOf(event)
  const draft = { ...former, ...touched }
  const changes: CalendarEventChanges = {}
  if (draft.projectId !== former.projectId) changes.projectId = draft.projectId
  if (draft.allDay !== former.allDay || draft.start !== former.start || draft.end !== former.end) {
    const before = spanOf(event)
    const after = spanOfDraft(draft)
    if (after.allDay !== before?.allDay) changes.allDay = after.allDay
    if (after.startDate !== before?.startDate) changes.startDate = after.startDate
    if (after.endDate !== before?.endDate) changes.endDate = after.endDate
  }
  const title = draft.title.trim() || 'Untitled event'
  if (draft.title !== former.title && title !== former.title) changes.title = title
  if (draft.location.trim() !== former.location) changes.location = draft.location.trim()
  if (draft.description.trim() !== former.description) changes.description = draft.description.trim()
  if (draft.attendees !== former.attendees) changes.attendees = attendeesOf(draft.attendees)
  if (draft.color !== former.color) changes.color = draft.color || null
  return changes
}
