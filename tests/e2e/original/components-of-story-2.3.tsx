// A page on the components of Story 2.3 as the document has them, under StrictMode.

import { StrictMode, useRef } from 'react'
import { createRoot } from 'react-dom/client'
import { ActiveUsersList, CollaborationCursors } from '@/components/collaboration/CollaborationCursors'
import { ConnectionStatus } from '@/components/status/ConnectionStatus'
import { SyncProgress } from '@/components/status/SyncProgress'
import { useRealtimeCalendar } from '@/hooks/useRealtimeCalendar'

function Events() {
  const { events, createEventWithSync } = useRealtimeCalendar({ autoConnect: true, projectId: 'p' })
  Object.assign(globalThis, { createEventWithSync })
  return (
    <ul id="events">
      {events.map(({ id, title }) => (
        <li key={id} data-id={id}>
          {title}
        </li>
      ))}
    </ul>
  )
}

function Page() {
  const board = useRef<HTMLDivElement>(null)
  return (
    <>
      <div id="status">
        <ConnectionStatus />
      </div>
      <div id="users">
        <ActiveUsersList />
      </div>
      <div id="board" ref={board} style={{ margin: '40px 0 0 30px', width: 400, height: 300 }}>
        <Events />
      </div>
      <div id="cursors">
        <CollaborationCursors containerRef={board} />
      </div>
      <div id="sync">
        <SyncProgress />
      </div>
    </>
  )
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Page />
  </StrictMode>,
)
