// A page on the hook of Story 2.3 as the document has it.

import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { useRealtimeCalendar } from '@/hooks/useRealtimeCalendar'
import { useCalendarStore } from '@/program'

function Calendar() {
  const { connectionState, activeUsers, createEventWithSync, broadcastCursor } = useRealtimeCalendar({
    autoConnect: true,
    projectId: 'p',
  })
  const { events } = useCalendarStore()
  Object.assign(globalThis, { createEventWithSync, broadcastCursor })
  return (
    <main>
      <p id="state">{connectionState}</p>
      <ul id="events">
        {events.map(({ id, title }) => (
          <li key={id}>{title}</li>
        ))}
      </ul>
      <ul id="users">
        {[...activeUsers.values()].map(({ id, name, cursor }) => (
          <li key={id}>{cursor ? `${name} at ${cursor.x}, ${cursor.y}` : name}</li>
        ))}
      </ul>
    </main>
  )
}

function Page() {
  const [open, setOpen] = useState(true)
  return (
    <>
      <button onClick={() => setOpen(!open)}>{open ? 'Close' : 'Open'}</button>
      {open && <Calendar />}
    </>
  )
}

createRoot(document.getElementById('root')!).render(<Page />)
