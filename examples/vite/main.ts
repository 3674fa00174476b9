// A list of today's events that every window shows, and a field that adds one.

import init, { type CalendarEvent, RealtimeCalendar } from '@baro-calendar/realtime'

await init()

const { searchParams } = new URL(location.href)
const calendar = new RealtimeCalendar({
  url: searchParams.get('server') ?? 'ws://127.0.0.1:8787/ws',
  projectId: 'team',
})

const element = <Type extends HTMLElement>(id: string) => document.getElementById(id) as Type
const state = element<HTMLOutputElement>('state')
const list = element<HTMLUListElement>('events')
const form = element<HTMLFormElement>('new')

function item(event: CalendarEvent): HTMLLIElement {
  const line = document.createElement('li')
  const remove = document.createElement('button')
  remove.textContent = 'Delete'
  remove.onclick = () => calendar.deleteEvent(event.id)
  const isWaiting = calendar.hasPendingWrite(event.id)
  line.append(`${event.title} `, remove, isWaiting ? ' not saved yet' : '')
  return line
}

const draw = () => list.replaceChildren(...calendar.getEvents().map(item))
// The first is called when anything about the events changes, at most once a frame; the second tells what has arrived.
calendar.subscribeToEvents(draw)
calendar.on('sync-status', draw)
calendar.on('state-change', (next) => (state.textContent = next))

form.onsubmit = (submitted) => {
  submitted.preventDefault()
  const startDate = new Date()
  const endDate = new Date(startDate.getTime() + 3_600_000)
  calendar.createEvent({ title: String(new FormData(form).get('title')), startDate, endDate })
  form.reset()
}

await calendar.connect()
