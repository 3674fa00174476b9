import { useSyncExternalStore } from 'react'
import { locale } from '../time'

export type ViewName = 'dayGridMonth' | 'timeGridWeek' | 'timeGridDay' | 'listWeek'

export const viewLabels: Record<ViewName, string> = {
  dayGridMonth: 'Month',
  timeGridWeek: 'Week',
  timeGridDay: 'Day',
  listWeek: 'List',
}

const narrow = matchMedia('(max-width: 639px)')

export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      narrow.addEventListener('change', changed)
      return () => narrow.removeEventListener('change', changed)
    },
    () => narrow.matches,
  )
}

/** Seven columns of hours do not fit a phone. */
export function viewsFor(isNarrow: boolean): readonly ViewName[] {
  return isNarrow
    ? ['dayGridMonth', 'timeGridDay', 'listWeek']
    : ['dayGridMonth', 'timeGridWeek', 'timeGridDay', 'listWeek']
}

export function firstView(isNarrow: boolean): ViewName {
  return isNarrow ? 'listWeek' : 'timeGridWeek'
}

/** What stands above the calendar, for a first day and the day after the last. */
export function titleOf(view: ViewName, start: Date, after: Date, isNarrow: boolean): string {
  const month = isNarrow ? 'short' : 'long'
  if (view === 'dayGridMonth') return new Intl.DateTimeFormat(locale, { month, year: 'numeric' }).format(start)
  if (view === 'timeGridDay') {
    const weekday = isNarrow ? 'short' : 'long'
    return new Intl.DateTimeFormat(locale, {
      weekday,
      day: 'numeric',
      month,
      ...(isNarrow ? {} : { year: 'numeric' }),
    }).format(start)
  }
  const last = new Date(after.getTime() - 1)
  const year = isNarrow ? {} : ({ year: 'numeric' } as const)
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', ...year }).formatRange(start, last)
}
