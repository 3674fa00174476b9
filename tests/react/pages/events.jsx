// A calendar that shows titles and the state of its connection, and counts how often each of its parts is rendered.

import {
  RealtimeCalendarProvider,
  useCalendar,
  useCalendarEvents,
  useConnectionState,
} from '@baro-calendar/realtime/react'
import { StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'

globalThis.renders = {}
const count = (name) => (globalThis.renders[name] = (globalThis.renders[name] ?? 0) + 1)

function Titles() {
  count('titles')
  const events = useCalendarEvents({ projectId: 'mine' })
  return (
    <ul data-testid="titles">
      {events.map(({ id, title }) => (
        <li key={id}>{title}</li>
      ))}
    </ul>
  )
}

function State() {
  count('state')
  return <p data-testid="state">{useConnectionState()}</p>
}

function Given() {
  const calendar = useCalendar()
  useEffect(() => {
    globalThis.baro = calendar
    if (calendar !== undefined) (globalThis.calendars ??= new Set()).add(calendar)
  }, [calendar])
  return null
}

const root = createRoot(document.getElementById('root'))

/** Renders the page; `strict` as React's StrictMode does, twice. */
globalThis.show = (config, { strict = true, key, ...props } = {}) => {
  // Made anew for each rendering, as a program does that writes it inline.
  const copy = config && { ...config, user: { ...config.user } }
  const content = (
    <RealtimeCalendarProvider key={key} config={copy} {...props}>
      <Titles />
      <State />
      <Given />
    </RealtimeCalendarProvider>
  )
  root.render(strict ? <StrictMode>{content}</StrictMode> : content)
}
globalThis.hide = () => root.render(null)
globalThis.ready = true
