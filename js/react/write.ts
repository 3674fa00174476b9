// A write as a promise of the server's word. Guarantees that it shows at once where there is a calendar, that one which is
// asked for earlier waits for it, and that a rejection nobody listens to is reported only if the call itself was wrong.

import type { RealtimeCalendar } from '../calendar.js'
import type { CalendarEvent, PendingWrite } from '../types.js'
import type { Session } from './session.js'

/** What the server says to a write. */
export function confirmed(
  session: Session,
  write: (calendar: RealtimeCalendar) => PendingWrite,
): Promise<CalendarEvent> {
  const { calendar } = session
  if (calendar === undefined) {
    const made = session.ready().then(write)
    const done = made.then((pending) => pending.confirmed)
    made.then(
      () => done.catch(() => {}),
      () => {},
    )
    return done
  }
  try {
    return write(calendar).confirmed
  } catch (error) {
    return Promise.reject(error)
  }
}
