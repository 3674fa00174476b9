'use client'
// The week, which the server renders first and the browser keeps up to date.

import type { CalendarEvent } from '@baro-calendar/realtime'
import { ActiveUsersList, ConnectionStatus, useCalendar, useHasPendingWrite } from '@baro-calendar/realtime/react'
import { type FormEvent, useState } from 'react'
import { useEvents } from './events'
import { dayOf, nameOf, rangeOf, timeOf } from './time'
import { useTimeZone } from './time-zone'

export function Week({ days, rendered }: { days: string[]; rendered: CalendarEvent[] | null }) {
  const events = useEvents(rendered, rangeOf(days))
  const timeZone = useTimeZone()
  const calendar = useCalendar()

  return (
    <main>
      <header>
        <h1>Team calendar</h1>
        <ActiveUsersList />
        <ConnectionStatus />
        <button className="baro-button" onClick={() => calendar?.undo()}>
          Undo
        </button>
      </header>
      {/* Until the calendar is loaded, nobody could take an edit. */}
      <fieldset className="week" disabled={calendar === undefined}>
        {days.map((day) => (
          <section key={day} aria-label={nameOf(day)}>
            <h2>{nameOf(day)}</h2>
            {events
              .filter(({ startDate }) => dayOf(startDate, timeZone) === day)
              .map((event) => (
                <Event key={event.id} event={event} timeZone={timeZone} />
              ))}
            <NewEvent day={day} />
          </section>
        ))}
      </fieldset>
    </main>
  )
}

/** An event whose title can be written over. */
function Event({ event, timeZone }: { event: CalendarEvent; timeZone: string }) {
  const calendar = useCalendar()
  const isPending = useHasPendingWrite(event.id)
  const [draft, setDraft] = useState<string>()

  const rename = (submitted: FormEvent) => {
    submitted.preventDefault()
    if (draft !== undefined && draft !== event.title) calendar?.updateEvent(event.id, { title: draft })
    setDraft(undefined)
  }

  return (
    <form className="event" data-pending={isPending} onSubmit={rename} onBlur={rename}>
      <time dateTime={event.startDate}>{timeOf(event.startDate, timeZone)}</time>
      <input aria-label="Title" value={draft ?? event.title} onChange={({ target }) => setDraft(target.value)} />
      <button type="button" aria-label={`Delete ${event.title}`} onClick={() => calendar?.deleteEvent(event.id)}>
        ×
      </button>
    </form>
  )
}

/** A field that makes an event of an hour at nine, in the visitor's time. */
function NewEvent({ day }: { day: string }) {
  const calendar = useCalendar()

  const create = (submitted: FormEvent<HTMLFormElement>) => {
    submitted.preventDefault()
    const form = submitted.currentTarget
    const title = String(new FormData(form).get('title'))
    const startDate = new Date(`${day}T09:00`)
    calendar?.createEvent({ title, startDate, endDate: new Date(startDate.getTime() + 3_600_000) })
    form.reset()
  }

  return (
    <form onSubmit={create}>
      <input name="title" required placeholder="New event" aria-label={`New event on ${nameOf(day)}`} />
    </form>
  )
}
