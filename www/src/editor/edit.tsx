import type { CalendarEvent } from '@baro-calendar/realtime'
import { useCalendarEvent } from '@baro-calendar/realtime/react'
import { useEffect, useRef, useState } from 'react'
import { titleOfEvent } from '../board/entry'
import { notify } from '../feedback/notice'
import { usePeople, useSession } from '../live/context'
import { fieldTypedIn } from '../live/people'
import { Icon } from '../part/icon'
import { Typing } from '../part/typing'
import { follow } from '../write'
import { Dialog } from './dialog'
import { changesOf, draftOf, faultOf, type Draft } from './draft'
import { Fields } from './field'
import { useTyping } from './typing'

/**
 * Holds only what the person has touched; every other field follows the event, so that what somebody else changes
 * while the dialog is open shows in it and is not undone by saving.
 */
export function EditDialog({ eventId, onClose }: { eventId: string; onClose: () => void }) {
  const { calendar } = useSession()
  const event = useCalendarEvent(eventId)

  useEffect(() => {
    calendar.sendEditing(eventId)
    return () => calendar.sendEditing(null)
  }, [calendar, eventId])

  const title = useRef('')
  if (event) title.current = titleOfEvent(event)

  useEffect(() => {
    if (event) return
    notify('status', `“${title.current}” was deleted by somebody else.`)
    onClose()
  }, [event, onClose])

  return event ? <EditForm event={event} onClose={onClose} /> : null
}

function EditForm({ event, onClose }: { event: CalendarEvent; onClose: () => void }) {
  const { calendar } = useSession()
  const [touched, setTouched] = useState<Partial<Draft>>({})
  const [tried, setTried] = useState(false)
  const draft = { ...draftOf(event), ...touched }
  const fault = tried ? faultOf(draft) : undefined
  const title = titleOfEvent(event)

  const tellTyping = useTyping(event.id)

  // Start, end and all-day mean something only together: touching one keeps all three from changing under the hand.
  const change = (changes: Partial<Draft>) => {
    const { allDay, start, end } = draft
    const times = 'start' in changes || 'end' in changes || 'allDay' in changes ? { allDay, start, end } : {}
    setTouched({ ...touched, ...times, ...changes })
    tellTyping(Object.keys(changes)[0])
  }

  const save = () => {
    setTried(true)
    if (faultOf(draft)) return
    const changes = changesOf(event, touched)
    if (Object.keys(changes).length > 0) follow(`Changing “${title}”`, () => calendar.updateEvent(event.id, changes))
    onClose()
  }

  const remove = () => {
    // Closed first: the dialog would take its own deletion for somebody else's.
    onClose()
    follow(`Deleting “${title}”`, () => calendar.deleteEvent(event.id))
  }

  return (
    <Dialog
      title="Edit event"
      onClose={onClose}
      onSubmit={save}
      footer={
        <>
          <button type="button" className="button danger" data-testid="delete" onClick={remove}>
            <Icon name="trash" /> Delete
          </button>
          <span className="grow" />
          <button type="button" className="button" data-testid="cancel" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" data-testid="save">
            Save
          </button>
        </>
      }
    >
      <AlsoEditing eventId={event.id} />
      <Fields draft={draft} onChange={change} fault={fault} />
    </Dialog>
  )
}

function AlsoEditing({ eventId }: { eventId: string }) {
  const editors = usePeople().filter((person) => person.editing === eventId)
  if (editors.length === 0) return null
  const typing = editors.find((person) => fieldTypedIn(person, eventId) !== undefined)
  const names = editors.map((person) => person.name).join(', ')
  return (
    <p className="also-editing" role="status" data-testid="also-editing">
      {typing ? <Typing /> : <Icon name="pencil" />}
      {typing
        ? `${typing.name} is typing: ${fieldTypedIn(typing, eventId)}`
        : `${names} ${editors.length === 1 ? 'is' : 'are'} editing this event too`}
    </p>
  )
}
