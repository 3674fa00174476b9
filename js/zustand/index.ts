// `@baro-calendar/realtime/zustand`: a calendar's events in a Zustand store. Guarantees at most one `setState` for a
// notification of the calendar, none if nothing in the store would be different, and that nothing is copied. Of the store it
// knows `getState` and `setState` only, so it imports nothing of Zustand and middleware may stand around either.

import { realtimeError } from '../error.js'
import { follow } from '../follow.js'
import type { CalendarEventChanges, EventQuery, NewCalendarEvent, RealtimeCalendar } from '../types.js'
import { type CalendarSnapshot, takeSnapshot } from './snapshot.js'

export type { CalendarSnapshot } from './snapshot.js'

/** What is needed of a store: what `create` and `createStore` of Zustand return has it. */
export interface BoundStore<State> {
  getState(): State
  /** `action` is for the devtools middleware. */
  setState(partial: Partial<State>, replace?: false, action?: string): unknown
}

/** What `bindZustand` takes. */
export interface ZustandOptions<State> {
  /** Only these events, as `getEvents` takes it. Default: all. */
  query?: EventQuery
  /** Under which key the array of events stands: `'events'`. */
  key?: string
  /** Under which key the set of ids stands that a write waits for: `'pendingIds'`. */
  pendingKey?: string
  /**
   * For stores of another shape: what is to be set, made of the calendar and of what the store holds. It is called once for
   * a notification and takes the place of `key` and `pendingKey`.
   */
  write?: (calendar: CalendarSnapshot, state: State) => Partial<State>
  /**
   * `true`: until it is unbound, the store's `addEvent(event)`, `updateEvent(id, changes)` and `deleteEvent(id)` edit the
   * calendar and return its `PendingWrite`. Default `false`: they stay what they are, and what they put among the events
   * is replaced by the calendar's at its next change.
   */
  actions?: boolean
}

/** The state as the binding touches it: by names that options give. */
type Fields = Record<string, unknown>

/**
 * Keeps a store up to date with a calendar, from now on. Where the store has a function `hasOptimisticUpdate(id)`, it also
 * says yes to events that a write waits for.
 *
 * @returns Ends it, any time and more than once: the events stay in the store, nothing is pending in it any more, and
 * functions that were replaced are what they were.
 * @throws {RealtimeError} `invalid_argument` if `store` is none, `destroyed` if the calendar is.
 */
export function bindZustand<State extends object>(
  calendar: RealtimeCalendar,
  store: BoundStore<State>,
  options: ZustandOptions<State> = {},
): () => void {
  check(store, options)
  const { key = 'events', pendingKey = 'pendingIds', query } = options
  const write = (options.write ?? (({ events, pending }) => ({ [key]: events, [pendingKey]: pending }))) as (
    snapshot: CalendarSnapshot,
    state: State,
  ) => Fields
  let last: CalendarSnapshot | undefined
  let isBound = true
  const isPending = (id: unknown) => isBound && last !== undefined && last.pending.has(id as string)
  const replaced = replacements(calendar, store.getState() as Fields, isPending, options.actions === true)

  const set = (partial: Fields, action: string) => {
    const state = store.getState() as Fields
    if (Object.entries(partial).every(([name, value]) => Object.is(state[name], value) && name in state)) return
    store.setState(partial as Partial<State>, false, action)
  }
  const show = (more: Fields) => {
    const snapshot = takeSnapshot(calendar, followed.waiting(), query, last)
    if (last !== undefined && snapshot.events === last.events && snapshot.pending === last.pending) return
    // Before the store's own subscribers run: one that throws must not have it set again.
    last = snapshot
    set({ ...write(snapshot, store.getState()), ...more }, 'calendar/changed')
  }

  const followed = follow(calendar, () => show({}))
  try {
    show(Object.fromEntries(replaced.map(({ name, now }) => [name, now])))
  } catch (error) {
    followed.stop()
    throw error
  }
  return () => {
    if (!isBound) return
    isBound = false
    followed.stop()
    const state = store.getState() as Fields
    // Whoever replaced them since keeps what he put there.
    const own = replaced.filter(({ name, now }) => state[name] === now).map(({ name, was }) => [name, was])
    const settled = last?.pending.size ? write({ ...unchanged(last), pending: new Set() }, store.getState()) : {}
    set({ ...settled, ...Object.fromEntries(own) }, 'calendar/unbound')
  }
}

interface Replacement {
  name: string
  was: unknown
  now: unknown
}

function replacements(
  calendar: RealtimeCalendar,
  state: Fields,
  isPending: (id: unknown) => boolean,
  actions: boolean,
): Replacement[] {
  const now: Fields = {}
  const asked = state['hasOptimisticUpdate']
  if (typeof asked === 'function') {
    now['hasOptimisticUpdate'] = (id: unknown) => isPending(id) || Boolean(asked(id))
  }
  if (actions) {
    now['addEvent'] = (event: NewCalendarEvent) => calendar.createEvent(event)
    now['updateEvent'] = (id: string, changes: CalendarEventChanges) => calendar.updateEvent(id, changes)
    now['deleteEvent'] = (id: string) => calendar.deleteEvent(id)
  }
  return Object.entries(now).map(([name, replacement]) => ({ name, was: state[name], now: replacement }))
}

const unchanged = ({ events }: CalendarSnapshot) => ({ events, changed: [], removed: [] })

function check<State>(store: BoundStore<State>, options: ZustandOptions<State>): void {
  const wrong = (field: string, expected: string, got: unknown) =>
    realtimeError('invalid_argument', `${field}: expected ${expected}, got ${got === null ? 'null' : typeof got}`, {
      retryable: false,
    })
  for (const method of ['getState', 'setState'] as const) {
    const got: unknown = store?.[method]
    if (typeof got !== 'function') throw wrong(`store.${method}`, 'the function of a Zustand store', got)
  }
  for (const field of ['key', 'pendingKey'] as const) {
    const got: unknown = options[field]
    if (got !== undefined && (typeof got !== 'string' || got === '')) throw wrong(`options.${field}`, 'a name', got)
  }
  const got: unknown = options.write
  if (got !== undefined && typeof got !== 'function') throw wrong('options.write', 'a function', got)
}
