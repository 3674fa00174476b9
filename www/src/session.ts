import { RealtimeCalendar, type RealtimeConfig } from '@baro-calendar/realtime'
import { flushSync } from 'react-dom'
import { readIdentity, storeIdentity, type Identity } from './identity'
import { connectionOf, type Connection } from './live/connection'
import type { Source } from './live/source'
import { value } from './live/value'
import { tellWhatGaveWay } from './conflict/told'
import { notify } from './feedback/notice'
import { page } from './page'
import { meterOf, type Sample } from './panel/meter'
import { followProjects } from './project/project'
import { strategy } from './settings/strategy'

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
  meter: Source<readonly Sample[]>
  /** Ends what the page itself keeps going beside the calendar. */
  stop: () => void
}

const session = value<Session | undefined>(undefined)

export const currentSession: Source<Session | undefined> = session

export function connect(calendar: RealtimeCalendar): void {
  calendar.connect().catch((error: Error) => notify('alert', `Could not connect: ${error.message}`))
}

function configFor(identity: Identity): RealtimeConfig {
  return {
    url: page.url,
    projectId: page.projectId,
    user: identity,
    reconnect: { maxAttempts: Infinity },
    conflict: { strategy: strategy.get() },
  }
}

/** The calendar is made outside of React: a render, or two under StrictMode, must not open a connection. */
export function openSession(identity = readIdentity()): void {
  const calendar = new RealtimeCalendar(configFor(identity))
  calendar.on('storage-degraded', () =>
    notify('alert', 'This browser does not let the calendar store anything. Changes last until you close the page.'),
  )
  tellWhatGaveWay(calendar)
  const stopProjects = followProjects(calendar)
  const meter = meterOf(calendar)
  window.baro = calendar
  session.set({
    identity,
    calendar,
    connection: connectionOf(calendar),
    meter,
    stop() {
      stopProjects()
      meter.stop()
    },
  })
  connect(calendar)
}

/**
 * A calendar's configuration is fixed, and a name is told once, on connecting: so who is renamed, or wants conflicts to be
 * treated differently, gets another calendar. What waits to be sent is kept.
 */
export async function reopenSession(identity = readIdentity()): Promise<void> {
  const former = session.get()
  storeIdentity(identity)
  // Whatever still follows the former calendar has to be gone before that is.
  flushSync(() => session.set(undefined))
  former?.stop()
  await former?.calendar.destroy()
  openSession(identity)
}
