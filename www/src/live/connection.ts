import type { ConnectionState, RealtimeCalendar } from '@baro-calendar/realtime'
import { source, together, type Source } from './source'

export interface Connection {
  state: ConnectionState
  /** Failed attempts since the last connection. */
  attempt: number
  /** When the next attempt is due, in ms since 1970. */
  retryAt: number | undefined
  /** Whether it was ever connected: an empty calendar means something only then. */
  wasConnected: boolean
}

export function connectionOf(calendar: RealtimeCalendar): Source<Connection> {
  let attempt = 0
  let retryAt: number | undefined
  let wasConnected = calendar.isConnected()

  return source<Connection>(
    (changed) =>
      together(
        calendar.on('state-change', (state) => {
          if (state === 'connected') wasConnected = true
          if (state === 'connected' || state === 'disconnected') attempt = 0
          if (state !== 'reconnecting') retryAt = undefined
          changed()
        }),
        calendar.on('reconnecting', (count, delay) => {
          attempt = count
          retryAt = Date.now() + delay
          changed()
        }),
      ),
    () => {
      const state = calendar.getState()
      wasConnected ||= state === 'connected'
      return { state, attempt, retryAt, wasConnected }
    },
    (a, b) => a.state === b.state && a.attempt === b.attempt && a.retryAt === b.retryAt,
  )
}
