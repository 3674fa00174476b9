// Everything as a server renders it, taken over by the page.

import {
  ActiveUsersList,
  CollaborationCursors,
  ConflictDialog,
  ConnectionStatus,
  RealtimeCalendarProvider,
  SyncProgress,
  TypingIndicator,
  useCalendar,
  useCalendarEvents,
  useRealtimeCalendar,
} from '@baro-calendar/realtime/react'
import { StrictMode, useEffect } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'

function Page() {
  const calendar = useCalendar()
  const events = useCalendarEvents()
  const { connectionState, activeUsers } = useRealtimeCalendar()
  useEffect(() => {
    globalThis.baro = calendar
  }, [calendar])
  return (
    <p data-testid="page">
      {connectionState} {activeUsers.size} {events.map(({ title }) => title).join()}
    </p>
  )
}

const App = ({ config }) => (
  <StrictMode>
    <RealtimeCalendarProvider config={config}>
      <ConnectionStatus />
      <ActiveUsersList />
      <TypingIndicator />
      <CollaborationCursors />
      <SyncProgress />
      <ConflictDialog />
      <Page />
    </RealtimeCalendarProvider>
  </StrictMode>
)

globalThis.complaints = []
globalThis.show = (config) => {
  const root = document.getElementById('root')
  root.innerHTML = globalThis.html = renderToString(<App config={config} />)
  hydrateRoot(root, <App config={config} />, {
    onRecoverableError: (error) => globalThis.complaints.push(String(error)),
  })
}
globalThis.ready = true
