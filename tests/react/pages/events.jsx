// A calendar whose parts each read something else of it, and count how often they are rendered.

import {
  RealtimeCalendarProvider,
  useCalendar,
  useCalendarEvents,
  useConnectionError,
  useConnectionState,
  usePresence,
  useProjectSubscription,
  useRealtimeCalendar,
  useSyncStatus,
} from '@baro-calendar/realtime/react'
import { Component, StrictMode, useEffect } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'

globalThis.renders = {}
globalThis.told = []
const count = (name) => (globalThis.renders[name] = (globalThis.renders[name] ?? 0) + 1)

/** Reads events by the narrow hook, with a query that is another object each time. */
function Titles() {
  count('titles')
  const events = useCalendarEvents({ projectId: 'mine' })
  return <List name="titles" items={events.map(({ title }) => title)} />
}

/** Reads events and the calls of the wide hook, and nothing else of it. */
function Page() {
  count('page')
  const { events, createEventWithSync, updateEventWithSync, deleteEventWithSync } = useRealtimeCalendar({
    projectId: 'mine',
    onUserJoin: (id) => globalThis.told.push(`join ${id}`),
    onUserLeave: (id) => globalThis.told.push(`leave ${id}`),
  })
  globalThis.calls = { createEventWithSync, updateEventWithSync, deleteEventWithSync }
  return <List name="page" items={events.map(({ title }) => title)} />
}

function People() {
  count('people')
  const { activeUsers } = useRealtimeCalendar()
  return <List name="people" items={[...activeUsers.values()].map(({ name }) => name)} />
}

/** Reads the cursors, by way of the users as the original layer had them. */
function Cursors() {
  count('cursors')
  const { activeUsers } = usePresence()
  const places = [...activeUsers.values()].map(({ name, cursor }) => `${name} ${cursor ? `${cursor.x}` : 'nowhere'}`)
  return <List name="cursors" items={places} />
}

function State() {
  count('state')
  const error = useConnectionError()
  return (
    <p data-testid="state" data-error={error?.code}>
      {useConnectionState()}
    </p>
  )
}

function Queue() {
  count('queue')
  const { pendingActions, failedActions } = useSyncStatus()
  return <p data-testid="queue">{`${pendingActions.length} ${failedActions.length}`}</p>
}

function Other({ projectId }) {
  const { isSubscribed } = useProjectSubscription(projectId)
  return <p data-testid="other">{isSubscribed ? 'subscribed' : 'not subscribed'}</p>
}

function Given() {
  const calendar = useCalendar()
  useEffect(() => {
    if (calendar === undefined) return
    globalThis.baro = calendar
    globalThis.made ??= new Set()
    globalThis.made.add(calendar)
  }, [calendar])
  return null
}

const List = ({ name, items }) => (
  <ul data-testid={name}>
    {items.map((item, at) => (
      <li key={at}>{item}</li>
    ))}
  </ul>
)

/** Connects by the hook. */
function Connecting() {
  const { connectionState } = useRealtimeCalendar({ autoConnect: true })
  return <p data-testid="connecting">{connectionState}</p>
}

class Boundary extends Component {
  state = {}
  static getDerivedStateFromError = (error) => ({ error })
  render() {
    return this.state.error ? <p data-testid="refused">{this.state.error.code}</p> : this.props.children
  }
}

const root = createRoot(document.getElementById('root'))

/** Renders the page; `strict` as React's StrictMode does, with effects twice. */
globalThis.show = (config, { strict = true, key, connecting = false, other, sync, ...props } = {}) => {
  // Made anew for each rendering, as a program does that writes it inline.
  const copy = { ...config, user: { ...config.user } }
  if (sync) copy.offline = { sync: async () => void globalThis.told.push(`sent by ${sync}`) }
  const content = (
    <Boundary>
      <RealtimeCalendarProvider
        key={key}
        config={copy}
        onError={(error) => globalThis.told.push(`error ${error.code}`)}
        {...props}
      >
        <Titles />
        <Page />
        <People />
        <Cursors />
        <State />
        <Queue />
        <Given />
        <Other projectId={other} />
        {connecting && <Connecting />}
      </RealtimeCalendarProvider>
    </Boundary>
  )
  // With its effects: whoever goes on finds what he has asked for.
  flushSync(() => root.render(strict ? <StrictMode>{content}</StrictMode> : content))
}
globalThis.hide = () => root.render(null)
globalThis.ready = true
