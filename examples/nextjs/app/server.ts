// What the server knows: where the calendar's server is, and how to ask it.

import type { CalendarEvent } from '@baro-calendar/realtime'
import { rangeOf } from './time'

const server = process.env.CALENDAR_SERVER ?? 'http://127.0.0.1:8787'

/** Where browsers connect: the same server, as they reach it. */
export const socket = `${(process.env.CALENDAR_PUBLIC_SERVER ?? server).replace(/^http/, 'ws')}/ws`

export const project = 'team'

/** The events of some days; `null` if the server cannot be asked now. The page then shows what the browser has kept. */
export async function readEvents(days: string[]): Promise<CalendarEvent[] | null> {
  const query = new URLSearchParams({ projectId: project, ...rangeOf(days) })
  try {
    const answer = await fetch(`${server}/api/events?${query}`, {
      cache: 'no-store',
      signal: AbortSignal.timeout(3000),
    })
    return answer.ok ? await answer.json() : null
  } catch {
    return null
  }
}
