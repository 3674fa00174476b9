import type { NewCalendarEvent, RealtimeCalendar } from '@baro-calendar/realtime'
import { palette } from './color'
import { page } from './page'
import { addDays, dayOf, firstDay, fromLocal, timeZone } from './time'
import { follow } from './write'

interface Sample {
  title: string
  day: number
  from?: string
  to?: string
  days?: number
  color: string
  location?: string
  description?: string
  attendees?: string[]
}

const color = (name: string) => palette.find((swatch) => swatch.name === name)?.value ?? '#2f5fd0'

// Days count from Monday, so that a working week looks like one wherever the week begins.
const samples: readonly Sample[] = [
  { title: 'Release week', day: 0, days: 3, color: color('Slate') },
  { title: 'Team stand-up', day: 0, from: '09:30', to: '10:00', color: color('Blue'), location: 'Room 2' },
  {
    title: 'Design review',
    day: 1,
    from: '11:00',
    to: '12:30',
    color: color('Violet'),
    location: 'Studio',
    description: 'Week view, drag handles, empty states.',
    attendees: ['jisoo@example.com', 'felix@example.com'],
  },
  { title: 'Lunch with Hana', day: 2, from: '12:30', to: '13:30', color: color('Orange'), location: 'Corner café' },
  {
    title: 'Customer interview',
    day: 2,
    from: '15:00',
    to: '16:00',
    color: color('Teal'),
    attendees: ['noor@example.com'],
  },
  { title: 'Sprint planning', day: 3, from: '10:00', to: '11:30', color: color('Blue'), location: 'Room 1' },
  { title: 'Dentist', day: 4, from: '16:30', to: '17:15', color: color('Red') },
  { title: 'Hike', day: 5, days: 1, color: color('Green'), location: 'North trail' },
]

/** The Monday of the week that the calendar shows for today. */
function monday(): string {
  const today = new Date()
  const start = addDays(dayOf(today), -((today.getDay() - firstDay + 7) % 7))
  return addDays(start, (1 - firstDay + 7) % 7)
}

function eventOf(sample: Sample): NewCalendarEvent {
  const day = addDays(monday(), sample.day)
  const time =
    sample.from && sample.to
      ? {
          allDay: false,
          startDate: fromLocal(`${day}T${sample.from}`).toISOString(),
          endDate: fromLocal(`${day}T${sample.to}`).toISOString(),
          timeZone,
        }
      : { allDay: true, startDate: day, endDate: addDays(day, sample.days ?? 1) }
  return {
    ...time,
    title: sample.title,
    color: sample.color,
    projectId: page.projectId,
    ...(sample.location ? { location: sample.location } : {}),
    ...(sample.description ? { description: sample.description } : {}),
    ...(sample.attendees ? { attendees: sample.attendees } : {}),
  }
}

export function addSamples(calendar: RealtimeCalendar): void {
  for (const sample of samples) follow(`“${sample.title}”`, () => calendar.createEvent(eventOf(sample)))
}
