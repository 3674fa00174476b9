import { useHasPendingWrite } from '@baro-calendar/realtime/react'
import type { EventContentArg } from '@fullcalendar/core'
import type { CSSProperties } from 'react'
import { inkOn, safeColor } from '../color'
import { Icon } from '../part/icon'
import { usePeople } from '../live/context'
import { fieldTypedIn } from '../live/people'
import { Typing } from '../part/typing'
import { titleOfEvent, type EntryProps } from './entry'

export function renderChip(entry: EventContentArg) {
  return <Chip entry={entry} />
}

function Chip({ entry }: { entry: EventContentArg }) {
  const props = entry.event.extendedProps as Partial<EntryProps>
  const { event } = props
  // Followed here, so that an answer of the server draws one chip and not the calendar.
  const pending = useHasPendingWrite(event?.id ?? '')
  const list = entry.view.type.startsWith('list')
  // While a new event is drawn with the pointer there is nothing behind it yet.
  const title = event ? titleOfEvent(event) : 'New event'
  const color = { '--event': safeColor(props.color) } as CSSProperties

  return (
    <div
      className={list ? 'chip-line' : 'chip'}
      style={color}
      data-testid="event"
      data-event-id={event?.id}
      data-pending={pending || undefined}
      title={pending ? `${title} (not sent yet)` : title}
    >
      <span className="chip-text">
        {!list && entry.timeText && <span className="chip-time">{entry.timeText}</span>}
        <span className="chip-title">{title}</span>
        {event?.location && <span className="chip-place">{event.location}</span>}
      </span>
      <span className="chip-marks">
        {event && <EditingMark eventId={event.id} />}
        {pending && <Icon name="sync" className="chip-pending" />}
      </span>
    </div>
  )
}

/** Follows who edits on its own, so that opening a dialog elsewhere draws one mark and not the calendar. */
function EditingMark({ eventId }: { eventId: string }) {
  const editors = usePeople().filter((person) => person.editing === eventId)
  if (editors.length === 0) return null
  const names = editors.map((person) => person.name).join(', ')
  const typing = editors.some((person) => fieldTypedIn(person, eventId) !== undefined)
  const color = safeColor(editors[0]?.color)
  return (
    <span
      className="chip-editing"
      style={{ background: color, color: inkOn(color) }}
      data-testid="editing"
      data-typing={typing || undefined}
      title={`${names} ${editors.length === 1 ? 'is' : 'are'} editing`}
    >
      {typing ? <Typing /> : <Icon name="pencil" />}
      <span>{names}</span>
    </span>
  )
}
