import type { DayHeaderContentArg } from '@fullcalendar/core'
import { locale } from '../time'

const weekday = new Intl.DateTimeFormat(locale, { weekday: 'short' })
const longWeekday = new Intl.DateTimeFormat(locale, { weekday: 'long' })
const dayMonth = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' })

export function renderDayHeader({ date, view, isToday }: DayHeaderContentArg) {
  if (view.type === 'dayGridMonth') return weekday.format(date)
  if (view.type.startsWith('list')) {
    return (
      <span className="list-day" data-today={isToday || undefined}>
        <strong>{longWeekday.format(date)}</strong>
        <span>{dayMonth.format(date)}</span>
      </span>
    )
  }
  return (
    <span className="week-day" data-today={isToday || undefined}>
      <span>{weekday.format(date)}</span>
      <strong>{date.getDate()}</strong>
    </span>
  )
}
