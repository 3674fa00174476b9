// Which events a query asks for, by the rules of `getEvents`: an event that is not decided has two versions, and the
// calendar is asked about the one that it shows only.

import type { CalendarEvent, EventQuery } from '../types.js'

/** Milliseconds since 1970 of an ISO 8601 date, `NaN` if it is none. A time without a zone counts as UTC. */
export function toMs(date: unknown): number {
  if (date instanceof Date) return date.getTime()
  if (typeof date !== 'string') return Number.NaN
  const isLocal = /[T ]/i.test(date) && !/(Z|[+-]\d\d(:?\d\d)?)$/i.test(date)
  return Date.parse(isLocal ? `${date}Z` : date)
}

/** Whether the event is one of those that overlap the half-open range, of the project, of the calendar. */
export function asksFor({ from, to, projectId, calendarId }: EventQuery, event: CalendarEvent): boolean {
  if (projectId !== undefined && projectId !== (event.projectId ?? 'default')) return false
  if (calendarId !== undefined && calendarId !== event.calendarId) return false
  if (from === undefined && to === undefined) return true
  const start = toMs(event.startDate)
  if (Number.isNaN(start)) return false
  const end = toMs(event.endDate)
  const isBefore = to === undefined || start < toMs(to)
  const isAfter = from === undefined || (Number.isNaN(end) ? start : end) > toMs(from) || start >= toMs(from)
  return isBefore && isAfter
}
