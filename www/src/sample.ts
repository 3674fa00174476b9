import type { NewCalendarEvent, RealtimeCalendar } from '@baro-calendar/realtime'
import { projectForNew, projects } from './project/project'
import { addDays, dayOf, firstDay, fromLocal, timeZone } from './time'
import { follow } from './write'

interface Sample {
  title: string
  day: number
  from?: string
  to?: string
  days?: number
  /** Which of the projects, counted from the first. */
  project: number
  location?: string
  description?: string
  attendees?: string[]
}

// Days count from Monday, so that a working week looks like one wherever the week begins.
const samples: readonly Sample[] = [
  { title: 'Release week', project: 1, day: 0, days: 3 },
  { title: 'Team stand-up', project: 0, day: 0, from: '09:30', to: '10:00', location: 'Room 2' },
  {
    title: 'Design review',
    project: 0,
    day: 1,
    from: '11:00',
    to: '12:30',
    location: 'Studio',
    description: 'Week view, drag handles, empty states.',
    attendees: ['jisoo@example.com', 'felix@example.com'],
  },
  { title: 'Lunch with Hana', project: 2, day: 2, from: '12:30', to: '13:30', location: 'Corner café' },
  {
    title: 'Customer interview',
    project: 1,
    day: 2,
    from: '15:00',
    to: '16:00',
    attendees: ['noor@example.com'],
  },
  { title: 'Sprint planning', project: 0, day: 3, from: '10:00', to: '11:30', location: 'Room 1' },
  { title: 'Dentist', project: 2, day: 4, from: '16:30', to: '17:15' },
  { title: 'Hike', project: 2, day: 5, days: 1, location: 'North trail' },
]

/** The Monday of the week that the calendar shows for today. */
function monday(): string {
  const today = new Date()
  const start = addDays(dayOf(today), -((today.getDay() - firstDay + 7) % 7))
  return addDays(start, (1 - firstDay + 7) % 7)
}

/** Only what is looked at is added to: a sample that does not show would puzzle. */
function projectIdOf({ project }: Sample): string {
  const list = projects.get()
  const wanted = list[project]
  return (wanted?.shown ? wanted.id : undefined) ?? projectForNew()
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
    projectId: projectIdOf(sample),
    ...(sample.location ? { location: sample.location } : {}),
    ...(sample.description ? { description: sample.description } : {}),
    ...(sample.attendees ? { attendees: sample.attendees } : {}),
  }
}

export function addSamples(calendar: RealtimeCalendar): void {
  for (const sample of samples) follow(`“${sample.title}”`, () => calendar.createEvent(eventOf(sample)))
}
