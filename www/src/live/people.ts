import type { UserPresence } from '@baro-calendar/realtime'
import { safeColor } from '../color'

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

export function personOf(user: UserPresence): Person {
  return {
    id: user.id,
    name: String(user.name || 'Guest').slice(0, 60),
    color: safeColor(user.color),
    away: user.status === 'away',
    editing: user.editing?.eventId,
    typing: user.typing?.elementId,
  }
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
