// The value of a field of an event as people read it.

import type { CalendarEvent } from '../types.js'
import type { Wording } from './wording.js'

/** The value of `field` in `event`, in the language of `wording`. */
export function eventValue(event: CalendarEvent, field: string, { locale, texts }: Wording): string {
  const value = event[field]
  if (value === undefined || value === null || value === '') return texts.empty
  if (field === 'startDate' || field === 'endDate') return when(String(value), event, locale)
  if (typeof value === 'boolean') return value ? texts.yes : texts.no
  if (Array.isArray(value)) return value.length === 0 ? texts.empty : value.map(plain).join(', ')
  return plain(value)
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function when(text: string, { allDay, timeZone }: CalendarEvent, locale: string): string {
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) return text
  // A day has no zone: taken as the midnight of any other, it would be the day before for some.
  if (allDay || text.length === 10) return written(date, locale, { dateStyle: 'full', timeZone: 'UTC' })
  return written(date, locale, { dateStyle: 'full', timeStyle: 'short', ...(timeZone ? { timeZone } : {}) })
}

function written(date: Date, locale: string, options: Intl.DateTimeFormatOptions): string {
  try {
    return new Intl.DateTimeFormat(locale, options).format(date)
  } catch {
    // A zone that this browser does not know.
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(date)
  }
}
