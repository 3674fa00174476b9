import { locale } from '../time'

/** What a person calls a field. Fields of other programs keep their names. */
const labels: Record<string, string> = {
  title: 'Title',
  startDate: 'Start',
  endDate: 'End',
  allDay: 'All day',
  timeZone: 'Time zone',
  location: 'Location',
  description: 'Description',
  attendees: 'Attendees',
  color: 'Colour',
  projectId: 'Project',
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
