import type { RealtimeCalendar, UserPresence } from '@baro-calendar/realtime'
import { safeColor } from '../color'
import { source, together, type Source } from './source'

/** Somebody else in the project. */
export interface Person {
  id: string
  name: string
  color: string
  away: boolean
  editing: string | undefined
}

function personOf(user: UserPresence): Person {
  return {
    id: user.id,
    name: String(user.name || 'Guest').slice(0, 60),
    color: safeColor(user.color),
    away: user.status === 'away',
    editing: user.editing?.eventId,
  }
}

function samePerson(a: Person, b: Person | undefined): boolean {
  return a.id === b?.id && a.name === b.name && a.color === b.color && a.away === b.away && a.editing === b.editing
}

export function peopleOf(calendar: RealtimeCalendar, selfId: string): Source<readonly Person[]> {
  return source<readonly Person[]>(
    (changed) =>
      together(
        calendar.on('presence-change', changed),
        calendar.on('user:joined', changed),
        calendar.on('user:left', changed),
        calendar.on('user:editing', changed),
        calendar.on('state-change', changed),
      ),
    () =>
      [...calendar.getActiveUsers().values()]
        .filter((user) => user.id !== selfId)
        .map(personOf)
        .sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id)),
    (a, b) => a.length === b.length && a.every((person, at) => samePerson(person, b[at])),
  )
}
