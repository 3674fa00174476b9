import type { CalendarEvent, PendingWrite, RealtimeCalendar } from '@baro-calendar/realtime'
import { sight, spotOfEvent, spotOfShare, spotOfTime } from '../board/spot'
import { typingIn } from '../live/people'
import { projects } from '../project/project'
import { addMinutes, timeZone } from '../time'
import { Chance } from './chance'
import { Hand, pause } from './hand'

/**
 * What a colleague does all day: points at things, draws events, names them letter by letter, moves them, writes notes,
 * and tidies up. Looks at the week that the window shows, and touches only what some colleague has made: nobody's own
 * events are changed by a simulation.
 */
export interface Desk {
  name: string
  calendar: RealtimeCalendar
  chance: Chance
  hand: Hand
  signal: AbortSignal
}

const titles = [
  'Stand-up',
  'Budget talk',
  'Interview',
  'Roadmap',
  'Pairing',
  'Demo run',
  'Coffee',
  'Retro',
  'Call with Oslo',
]
const places = ['Room 1', 'Room 4', 'Library', 'Roof terrace', 'Online']
const notes = ['Bring the numbers.', 'Slides are in the folder.', 'Fifteen minutes are enough.', 'Ask Jisoo to join.']

/** Most events that colleagues leave lying around. */
const kept = 6

/** The field that marks what colleagues made; it travels like any other. */
const mark = 'simulatedBy'

const isOurs = (event: CalendarEvent) => typeof event[mark] === 'string'

export async function work(desk: Desk): Promise<never> {
  await wander(desk)
  await draw(desk)
  for (;;) {
    await pause(desk.chance.between(500, 1600), desk.signal)
    const ours = oursOf(desk)
    const roll = desk.chance.share()
    if (ours.length > kept) await tidy(desk, ours)
    else if (ours.length < 2 || roll < 0.25) await draw(desk)
    else if (roll < 0.55) await move(desk, ours)
    else if (roll < 0.85) await edit(desk, ours)
    else await wander(desk)
  }
}

/** What colleagues have made and the window shows, the oldest first. */
function oursOf({ calendar }: Desk): readonly CalendarEvent[] {
  const seen = sight.get()
  if (!seen) return []
  return calendar
    .getEvents({ from: seen.first, to: seen.after })
    .filter(isOurs)
    .sort((a, b) => a.id.localeCompare(b.id))
}

async function wander({ hand, chance }: Desk): Promise<void> {
  const [x, y] = [0.15 + chance.share() * 0.7, 0.2 + chance.share() * 0.6]
  await hand.goTo((seen) => spotOfShare(seen, x, y))
}

/** A time of a working day among those that the window shows. */
function someTime({ chance }: Desk): Date | undefined {
  const seen = sight.get()
  if (!seen) return undefined
  const days = Math.max(1, Math.round((seen.after.getTime() - seen.first.getTime()) / 86_400_000))
  const date = new Date(seen.first)
  date.setDate(date.getDate() + chance.between(0, Math.min(days, 7) - 1))
  date.setHours(chance.between(9, 16), chance.of([0, 30]) ?? 0, 0, 0)
  return date
}

async function draw(desk: Desk): Promise<void> {
  const { calendar, chance, hand, signal, name } = desk
  const start = someTime(desk)
  const shown = projects.get().filter((project) => project.shown)
  const project = chance.of(shown)
  if (!start || !project) return wander(desk)
  const end = addMinutes(start, chance.of([30, 60, 60, 90]) ?? 60)
  await hand.goTo((seen) => spotOfTime(seen, start))
  await pause(250, signal)
  await hand.goTo((seen) => spotOfTime(seen, end))
  const write = calendar.createEvent({
    title: 'New event',
    startDate: start,
    endDate: end,
    timeZone,
    allDay: false,
    projectId: project.id,
    [mark]: name,
  })
  await type(desk, write.id, 'title', chance.of(titles) ?? 'Meeting')
}

/** Opens the event, types, and closes it again; the others see each step, and the words when they are whole. */
async function type(desk: Desk, eventId: string, field: 'title' | 'location' | 'description', text: string) {
  const { calendar, signal } = desk
  calendar.sendEditing(eventId)
  try {
    await pause(500, signal)
    calendar.sendTyping(typingIn(eventId, field), true)
    await pause(text.length * 110, signal)
    settle(calendar.updateEvent(eventId, { [field]: text }))
  } finally {
    if (!signal.aborted) {
      calendar.sendTyping(typingIn(eventId, field), false)
      calendar.sendEditing(null)
    }
  }
}

async function move(desk: Desk, ours: readonly CalendarEvent[]): Promise<void> {
  const { calendar, chance, hand, signal } = desk
  const event = chance.of(ours)
  const start = someTime(desk)
  if (!event || !start) return
  await hand.goTo((seen) => spotOfEvent(seen, event.id))
  await pause(200, signal)
  await hand.goTo((seen) => spotOfTime(seen, start))
  const length = new Date(event.endDate).getTime() - new Date(event.startDate).getTime()
  settle(calendar.updateEvent(event.id, { startDate: start, endDate: new Date(start.getTime() + length) }))
}

async function edit(desk: Desk, ours: readonly CalendarEvent[]): Promise<void> {
  const { chance, hand } = desk
  const event = chance.of(ours)
  if (!event) return
  await hand.goTo((seen) => spotOfEvent(seen, event.id))
  const what = chance.between(0, 2)
  if (what === 0) await type(desk, event.id, 'title', chance.of(titles) ?? event.title)
  else if (what === 1) await type(desk, event.id, 'location', chance.of(places) ?? '')
  else await type(desk, event.id, 'description', chance.of(notes) ?? '')
}

async function tidy({ calendar, hand, signal }: Desk, ours: readonly CalendarEvent[]): Promise<void> {
  const [oldest] = ours
  if (!oldest) return
  await hand.goTo((seen) => spotOfEvent(seen, oldest.id))
  await pause(300, signal)
  settle(calendar.deleteEvent(oldest.id))
}

/** What somebody else deleted or moved on meanwhile is refused, as it is for a person, and the day goes on. */
function settle(write: PendingWrite): void {
  write.confirmed.catch(() => undefined)
}
