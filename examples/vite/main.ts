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

/** An event's line, kept while the event is there: a button that is made anew while it is pressed would hear no click. */
const lines = new Map<string, { line: HTMLLIElement; title: Text; waiting: Text }>()

function lineOf({ id }: CalendarEvent) {
  const known = lines.get(id)
  if (known) return known
  const made = { line: document.createElement('li'), title: new Text(), waiting: new Text() }
  const remove = document.createElement('button')
  remove.textContent = 'Delete'
  remove.onclick = () => calendar.deleteEvent(id)
  made.line.append(made.title, remove, made.waiting)
  lines.set(id, made)
  return made
}

function draw() {
  for (const [id, { line }] of lines) {
    if (calendar.getEvent(id)) continue
    line.remove()
    lines.delete(id)
  }
  calendar.getEvents().forEach((event, place) => {
    const { line, title, waiting } = lineOf(event)
    title.data = `${event.title} `
    waiting.data = calendar.hasPendingWrite(event.id) ? ' not saved yet' : ''
    const there = list.children[place]
    if (there !== line) list.insertBefore(line, there ?? null)
  })
}

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
