import { value } from '../live/value'
import { dayOf } from '../time'

/** What this window shows of the calendar, for those who have to find something in it. */
export interface Sight {
  container: HTMLElement
  /** The name under which pointers are told: the view and its first day. */
  place: string
  first: Date
  after: Date
}

export const sight = value<Sight | undefined>(undefined)

/** A place in the window, in pixels. */
export interface Spot {
  x: number
  y: number
}

const hourText = (date: Date) =>
  `${String(date.getHours()).padStart(2, '0')}:${date.getMinutes() < 30 ? '00' : '30'}:00`

/** Where a time lies: its half hour in the day's column, or the day where the view has no hours. */
export function spotOfTime({ container }: Sight, date: Date): Spot | undefined {
  const day = dayOf(date)
  const column = container.querySelector(`.fc-timegrid-col[data-date="${day}"]`)?.getBoundingClientRect()
  const slot = container.querySelector(`.fc-timegrid-slot-lane[data-time="${hourText(date)}"]`)?.getBoundingClientRect()
  if (column && slot) {
    const share = (date.getMinutes() % 30) / 30
    return { x: column.left + column.width / 2, y: slot.top + slot.height * share }
  }
  return middleOf(container.querySelector(`.fc-daygrid-day[data-date="${day}"]`))
}

/** Where an event is drawn, if it is. */
export function spotOfEvent({ container }: Sight, eventId: string): Spot | undefined {
  return middleOf(container.querySelector(`[data-event-id="${CSS.escape(eventId)}"]`))
}

/** A place by its shares of the window's part that shows the calendar. */
export function spotOfShare({ container }: Sight, x: number, y: number): Spot {
  const { left, top, width, height } = container.getBoundingClientRect()
  return { x: left + width * x, y: top + height * y }
}

function middleOf(element: Element | null): Spot | undefined {
  const part = element?.getBoundingClientRect()
  return part && { x: part.left + part.width / 2, y: part.top + part.height / 2 }
}
