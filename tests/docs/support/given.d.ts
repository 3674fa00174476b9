// What the examples of the documentation take for granted: a calendar that exists, and what a program has of its own.
// An example that declares one of these itself means its own.

import type loads from '@baro-calendar/realtime'
import type {
  CalendarEvent,
  ConflictInfo,
  RealtimeCalendar,
  RealtimeConfig,
  RealtimeError,
} from '@baro-calendar/realtime'

declare global {
  /** The package's own, where an example is about how it is called. */
  const init: typeof loads
  /** A calendar that is connected. */
  const calendar: RealtimeCalendar
  /** The configuration that it was made with. */
  const config: RealtimeConfig
  /** A token of the program's sign-in service. */
  const token: string
  /** An event's id. */
  const id: string

  /** What the program shows. */
  function render(events: readonly CalendarEvent[]): void
  function show(what: string): void
  function report(problem: RealtimeError | object): void
  function ask(conflict: ConflictInfo): Promise<CalendarEvent | null>
  /** The program's own way to its sign-in service. */
  function fetchToken(): Promise<string>
}
