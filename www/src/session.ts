import { RealtimeCalendar, type SyncStatus } from '@baro-calendar/realtime'
import { flushSync } from 'react-dom'
import { readIdentity, storeIdentity, type Identity } from './identity'
import { connectionOf, type Connection } from './live/connection'
import { peopleOf, type Person } from './live/people'
import { syncOf } from './live/sync'
import type { Source } from './live/source'
import { notify } from './feedback/notice'
import { page } from './page'

declare global {
  interface Window {
    /** For end-to-end tests and for looking around in the browser's console. */
    baro?: RealtimeCalendar
  }
}

/** One person's open calendar and what the page follows of it. */
export interface Session {
  identity: Identity
  calendar: RealtimeCalendar
  connection: Source<Connection>
  sync: Source<SyncStatus>
  people: Source<readonly Person[]>
}

let session: Session | undefined
const watchers = new Set<() => void>()

function set(next: Session | undefined): void {
  session = next
  if (next) window.baro = next.calendar
  for (const watcher of [...watchers]) watcher()
}

export const currentSession: Source<Session | undefined> = {
  get: () => session,
  subscribe(changed) {
    watchers.add(changed)
    return () => watchers.delete(changed)
  },
}

export function connect(calendar: RealtimeCalendar): void {
  calendar.connect().catch((error: Error) => notify('alert', `Could not connect: ${error.message}`))
}

/** The calendar is made outside of React: a render, or two under StrictMode, must not open a connection. */
export function openSession(identity = readIdentity()): void {
  const calendar = new RealtimeCalendar({
    url: page.url,
    projectId: page.projectId,
    user: identity,
    reconnect: { maxAttempts: Infinity },
  })
  calendar.on('storage-degraded', () =>
    notify('alert', 'This browser does not let the calendar store anything. Changes last until you close the page.'),
  )
  set({
    identity,
    calendar,
    connection: connectionOf(calendar),
    sync: syncOf(calendar),
    people: peopleOf(calendar, identity.id),
  })
  connect(calendar)
}

/** A name is told once, on connecting, so a new one takes a new connection; what waits to be sent is kept. */
export async function renameSelf(identity: Identity): Promise<void> {
  const former = session
  storeIdentity(identity)
  // Whatever still follows the former calendar has to be gone before that is.
  flushSync(() => set(undefined))
  await former?.calendar.destroy()
  openSession(identity)
}
