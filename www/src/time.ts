import type { CalendarEvent } from '@baro-calendar/realtime'

/**
 * How an event's time is stored. Timed events hold instants in UTC (`2025-11-21T09:00:00.000Z`); all-day events hold
 * dates (`2025-11-21`) and the end is the first day after, so that a one-day event ends on the next date.
 */
export interface Span {
  allDay: boolean
  startDate: string
  endDate: string
}

const pad = (value: number, size = 2) => String(value).padStart(size, '0')

/** `2025-11-21` in local time. */
export function dayOf(date: Date): string {
  return `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
}

/** `2025-11-21T09:00` in local time, as `<input type="datetime-local">` holds it. */
export function minuteOf(date: Date): string {
  return `${dayOf(date)}T${pad(date.getHours())}:${pad(date.getMinutes())}`
}

/** Local midnight for a date, local time for a date with a time. */
export function fromLocal(text: string): Date {
  return new Date(text.length === 10 ? `${text}T00:00` : text)
}

export function isDate(date: Date): boolean {
  return !Number.isNaN(date.getTime())
}

/** Through the calendar rather than by 24 hours, which is wrong twice a year. */
export function addDays(day: string, count: number): string {
  const date = fromLocal(day.slice(0, 10))
  date.setDate(date.getDate() + count)
  return dayOf(date)
}

export function addMinutes(date: Date, count: number): Date {
  return new Date(date.getTime() + count * 60_000)
}

/** The next full hour. */
export function nextHour(from = new Date()): Date {
  const date = new Date(from)
  date.setHours(date.getHours() + 1, 0, 0, 0)
  return date
}

/** What is stored of an event, made safe: other programs write to the same calendar. */
export function spanOf(event: CalendarEvent): Span | undefined {
  const start = new Date(event.startDate)
  if (!isDate(start)) return undefined
  if (event.allDay === true) {
    const first = event.startDate.slice(0, 10)
    const after = isDate(new Date(event.endDate)) ? event.endDate.slice(0, 10) : first
    return { allDay: true, startDate: first, endDate: after > first ? after : addDays(first, 1) }
  }
  const end = new Date(event.endDate)
  const last = isDate(end) && end > start ? end : addMinutes(start, 30)
  return { allDay: false, startDate: start.toISOString(), endDate: last.toISOString() }
}

export const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** The page is in English; whoever reads another kind of English keeps its dates and clock. */
export const locale = navigator.language.startsWith('en') ? navigator.language : 'en'

/** 0 is Sunday. Monday where the browser does not know the region's habit. */
export const firstDay = ((): number => {
  const region = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number }
    weekInfo?: { firstDay: number }
  }
  return ((region.getWeekInfo?.() ?? region.weekInfo)?.firstDay ?? 1) % 7
})()
