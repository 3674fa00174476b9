import type { CalendarEvent, ConflictInfo } from '@baro-calendar/realtime'
import { locale } from '../time'

/** What a person calls a field. Fields of other programs keep their names. */
const labels: Record<string, string> = {
  title: 'Title',
  when: 'When',
  startDate: 'Start',
  endDate: 'End',
  allDay: 'All day',
  timeZone: 'Time zone',
  location: 'Location',
  description: 'Description',
  attendees: 'Attendees',
  color: 'Colour',
  projectId: 'Project',
  calendarId: 'Calendar',
  recurrence: 'Repeats',
}

export const fieldLabel = (name: string): string => labels[name] ?? name

const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })

/** A value as a person reads it. */
export function textOf(field: string, value: unknown): string {
  if (value === undefined || value === null || value === '') return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'nobody' : value.map(String).join(', ')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'object') return JSON.stringify(value)
  const text = String(value)
  if (field !== 'startDate' && field !== 'endDate') return text
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) return text
  return (text.length === 10 ? day : moment).format(date)
}

/** What is decided together: a start of one version with the end of another may be no time at all. */
const times = ['startDate', 'endDate', 'allDay', 'timeZone']

export interface Choice {
  name: string
  fields: readonly string[]
}

/** What there is to choose, for the fields in which the versions differ. */
export function choicesOf({ fields }: ConflictInfo): readonly Choice[] {
  const names = fields.filter((field) => field !== 'deleted')
  const others = names.filter((field) => !times.includes(field)).map((name) => ({ name, fields: [name] }))
  return names.some((field) => times.includes(field)) ? [{ name: 'when', fields: times }, ...others] : others
}

export function textOfChoice({ name }: Choice, event: CalendarEvent | undefined): string {
  if (!event) return 'did not exist'
  if (name !== 'when') return textOf(name, event[name])
  const { startDate, endDate, allDay } = event
  const start = new Date(startDate)
  const end = new Date(endDate)
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) return `${startDate} – ${endDate}`
  if (allDay !== true) return moment.formatRange(start, end)
  // An all-day event ends on the day before its end.
  return day.formatRange(start, new Date(Math.max(start.getTime(), end.getTime() - 86_400_000)))
}

export type Side = 'local' | 'remote'

/** The server's version with what was chosen of the person's own. */
export function resolvedBy(
  conflict: ConflictInfo,
  choices: readonly Choice[],
  sideOf: (choice: Choice) => Side,
): CalendarEvent {
  const { localVersion, remoteVersion } = conflict
  const result: CalendarEvent = { ...remoteVersion }
  for (const choice of choices) {
    if (sideOf(choice) === 'remote') continue
    for (const field of choice.fields) {
      if (localVersion[field] === undefined) delete result[field]
      else result[field] = localVersion[field]
    }
  }
  return result
}
