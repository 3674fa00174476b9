// A page that takes everything from the package under the original names, under StrictMode.

import {
  ActiveUsersList,
  CollaborationCursors,
  CollaborationManager,
  ConflictResolver,
  ConnectionStatus,
  OfflineManager,
  RealtimeConnectionStatus,
  RealtimeCursors,
  RealtimeEventSync,
  SyncProgress,
  WebSocketManager,
  configure,
  offlineManager,
  useProjectSubscription,
  useRealtimeCalendar,
  useRealtimeSync,
} from '@baro-calendar/realtime/compat'
import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { toast, toasts, useCalendarStore, useProjectStore } from '@/program'

configure({ stores: { events: useCalendarStore, projects: useProjectStore }, toast })

Object.assign(globalThis, {
  CollaborationManager,
  ConflictResolver,
  OfflineManager,
  RealtimeEventSync,
  WebSocketManager,
  configure,
  offlineManager,
  toasts,
  useProjectStore,
})

function Calendar() {
  const { isConnected } = useRealtimeSync()
  const { events, createEventWithSync } = useRealtimeCalendar({ autoConnect: true, projectId: 'p' })
  useProjectSubscription('p')
  const stored = useCalendarStore((state) => state.events)
  Object.assign(globalThis, { createEventWithSync })
  return (
    <>
      <p id="connected">{String(isConnected)}</p>
      <p id="events">{events.map(({ title }) => title).join()}</p>
      <p id="stored">{stored.map(({ title }) => title).join()}</p>
      <div id="status">
        <ConnectionStatus />
      </div>
      <div id="status-of-8c">
        <RealtimeConnectionStatus />
      </div>
      <div id="users">
        <ActiveUsersList />
      </div>
      <CollaborationCursors />
      <RealtimeCursors />
      <div id="sync">
        <SyncProgress />
      </div>
    </>
  )
}

function Page() {
  const [open, setOpen] = useState(new URLSearchParams(location.search).has('open'))
  return (
    <>
      <button onClick={() => setOpen(!open)}>{open ? 'Close' : 'Open'}</button>
      {open && <Calendar />}
    </>
  )
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Page />
  </StrictMode>,
)
