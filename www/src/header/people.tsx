import { useCalendarEvent } from '@baro-calendar/realtime/react'
import { Avatar } from '../part/avatar'
import { Icon } from '../part/icon'
import { Popover } from '../part/popover'
import { Typing } from '../part/typing'
import { usePeople, useSession } from '../live/context'
import { fieldTypedIn, type Person } from '../live/people'

const shownMax = 3

/** Everybody else in the project. */
export function People() {
  const people = usePeople()
  const more = people.length - shownMax
  const names = people.map((person) => person.name).join(', ')

  return (
    <div className="people" data-testid="active-users" data-count={people.length}>
      {people.length > 0 && (
        <Popover
          id="people-list"
          label="People in this calendar"
          title={`Also here: ${names}`}
          buttonClass="people-button"
          button={
            <>
              {people.slice(0, shownMax).map((person) => (
                <span key={person.id} data-testid="active-user" data-user-id={person.id} title={person.name}>
                  <Avatar name={person.name} color={person.color} away={person.away} />
                </span>
              ))}
              {more > 0 && <span className="avatar avatar-more">+{more}</span>}
            </>
          }
        >
          <PeopleList people={people} />
        </Popover>
      )}
    </div>
  )
}

export function PeopleList({ people }: { people: readonly Person[] }) {
  const { identity } = useSession()
  return (
    <ul className="people-list">
      <li>
        <Avatar name={identity.name} color={identity.color} />
        <span className="people-name">{identity.name}</span>
        <span className="people-doing">You</span>
      </li>
      {people.map((person) => (
        <li key={person.id}>
          <Avatar name={person.name} color={person.color} away={person.away} />
          <span className="people-name">{person.name}</span>
          <span className="people-doing">
            {person.editing ? <Editing person={person} eventId={person.editing} /> : person.away ? 'Away' : 'Here'}
          </span>
        </li>
      ))}
    </ul>
  )
}

function Editing({ person, eventId }: { person: Person; eventId: string }) {
  const event = useCalendarEvent(eventId)
  return (
    <>
      {fieldTypedIn(person, eventId) ? <Typing /> : <Icon name="pencil" />} {event?.title ?? 'an event'}
    </>
  )
}
