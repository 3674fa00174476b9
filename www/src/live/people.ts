import type { RealtimeCalendar, UserPresence } from '@baro-calendar/realtime'
import { safeColor } from '../color'
import { source, together, type Source } from './source'

/** Somebody else in the project. */
export interface Person {
  id: string
  name: string
  color: string
  away: boolean
  /** The event whose dialog this person has open. */
  editing: string | undefined
  /** The field in which this person types, as `typingIn` names it. */
  typing: string | undefined
}

function personOf(user: UserPresence): Person {
  return {
    id: user.id,
    name: String(user.name || 'Guest').slice(0, 60),
    color: safeColor(user.color),
    away: user.status === 'away',
    editing: user.editing?.eventId,
    typing: user.typing?.elementId,
  }
}

function samePerson(a: Person, b: Person | undefined): boolean {
  return (
    a.id === b?.id &&
    a.name === b.name &&
    a.color === b.color &&
    a.away === b.away &&
    a.editing === b.editing &&
    a.typing === b.typing
  )
}

export function peopleOf(calendar: RealtimeCalendar, selfId: string): Source<readonly Person[]> {
  return source<readonly Person[]>(
    (changed) =>
      together(
        calendar.on('presence-change', changed),
        calendar.on('user:joined', changed),
        calendar.on('user:left', changed),
        calendar.on('user:editing', changed),
        calendar.on('user:typing', changed),
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

/** The element that `sendTyping` names: a field of the dialog of an event. */
export function typingIn(eventId: string, field: string): string {
  return `event:${eventId}:${field}`
}

/** The field of that event in which the person types. */
export function fieldTypedIn(person: Person, eventId: string): string | undefined {
  const start = `event:${eventId}:`
  return person.typing?.startsWith(start) ? person.typing.slice(start.length) : undefined
}
