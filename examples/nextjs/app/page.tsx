// The page as the server renders it: the events of the week are in the HTML.

import { RealtimeCalendarProvider } from '@baro-calendar/realtime/react'
import { project, readEvents, socket } from './server'
import { Week } from './week'

export default async function Page({ searchParams }: { searchParams: Promise<{ user?: string }> }) {
  // In your program: whoever is signed in.
  const { user = 'Ada' } = await searchParams
  const days = thisWeek()
  return (
    <RealtimeCalendarProvider config={{ url: socket, projectId: project, user: { id: user, name: user } }}>
      <Week days={days} rendered={await readEvents(days)} />
    </RealtimeCalendarProvider>
  )
}

/** The seven days of this week as `2026-03-02`, from Monday. The server decides, so that the browser shows the same ones. */
function thisWeek(): string[] {
  const monday = new Date()
  monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7))
  return Array.from({ length: 7 }, (_, day) => {
    const date = new Date(monday)
    date.setUTCDate(monday.getUTCDate() + day)
    return date.toISOString().slice(0, 10)
  })
}
