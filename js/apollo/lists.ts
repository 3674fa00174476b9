// Fields of the root query that list events, with all arguments that the cache has them with. Owns which of them an event
// belongs in and at which place. Guarantees that a list which need not change is not touched, and that references to what
// is no calendar's event stay. Does not know layers.

import { realtimeError } from '../error.js'
import type { CalendarEvent, EventQuery } from '../types.js'
import { type FieldDetails, isReference, modify, type NormalizedCache, type Reference } from './cache.js'
import { queryOf } from './document.js'
import { asksFor, toMs } from './query.js'

type Arguments = Readonly<Record<string, unknown>>

/** A field of `Query` that lists events. */
export interface EventList {
  /** Its name. */
  field: string
  /**
   * Which events it lists when it is asked with these arguments; `undefined`: not to be touched. Default: `projectId`,
   * `calendarId`, `from` and `to` are understood, also as fields of one argument like `filter`, and a list with any other
   * argument is not touched.
   */
  query?: (given: Arguments) => EventQuery | undefined
  /**
   * Arguments that the list is to be there with whether it was fetched or not, with what the calendar shows: a query with
   * them needs no server.
   */
  keep?: readonly Arguments[]
}

/** What became of an event, for the lists: `undefined` if it was or is not there. */
export interface Placement {
  id: string
  before: CalendarEvent | undefined
  after: CalendarEvent | undefined
}

const understood = ['projectId', 'calendarId', 'from', 'to']

export class Lists {
  readonly #lists: readonly EventList[]

  constructor(lists: readonly EventList[] = [{ field: 'events' }]) {
    for (const [index, list] of lists.entries()) {
      if (typeof list?.field === 'string' && list.field !== '') continue
      throw realtimeError('invalid_argument', `options.lists[${index}].field: expected the name of a field of Query`, {
        retryable: false,
      })
    }
    this.#lists = lists
  }

  /** Makes the lists that are kept, where the cache has none with those arguments. */
  keep(cache: NormalizedCache): void {
    for (const { field, keep = [] } of this.#lists) {
      for (const given of keep) {
        const query = queryOf(field, given)
        const held = cache.readQuery({ query, returnPartialData: true }) as Arguments | null
        if (held?.[field] === undefined) cache.writeQuery({ query, data: { [field]: [] } })
      }
    }
  }

  /**
   * Puts events in their places in all lists, after they were written. `gone`: entities that are known to be taken away, where
   * looking for each would be a long way. Returns whether any list is another one now.
   */
  place(cache: NormalizedCache, placements: readonly Placement[], gone?: ReadonlySet<string>): boolean {
    if (placements.length === 0) return false
    let changed = false
    const fields = this.#lists.map((list) => [
      list.field,
      (value: unknown, details: FieldDetails) => {
        if (!Array.isArray(value)) return value
        const given = argumentsIn(details.storeFieldName, list.field)
        const query = given && (list.query ?? understand)(given)
        const next = query && placed(value, placements, { query, details, gone })
        if (next === undefined) return value
        changed = true
        return next
      },
    ])
    modify(cache, 'ROOT_QUERY', Object.fromEntries(fields))
    return changed
  }
}

/** Whether a list may be another one when an event becomes what it is after. */
export function mayMove({ before, after }: Placement): boolean {
  if (before === undefined || after === undefined) return before !== after
  return ['startDate', 'endDate', 'projectId', 'calendarId'].some((field) => before[field] !== after[field])
}

function placed(
  list: readonly unknown[],
  placements: readonly Placement[],
  {
    query,
    details: { readField, canRead },
    gone,
  }: { query: EventQuery; details: FieldDetails; gone: ReadonlySet<string> | undefined },
): unknown[] | undefined {
  const inList = new Set(list.map((value) => (isReference(value) ? value.__ref : undefined)))
  const leaving = new Set<string>()
  const coming: { id: string; start: number; ref: Reference }[] = []
  for (const { id, before, after } of placements) {
    const wanted = after !== undefined && asksFor(query, after)
    // Without a version of before, the place is where a server put it.
    const stays = wanted && inList.has(id) && (before === undefined || before.startDate === after.startDate)
    if (stays) continue
    if (inList.has(id)) leaving.add(id)
    if (wanted) coming.push({ id: after.id, start: toMs(after.startDate), ref: { __ref: id } })
  }
  if (leaving.size === 0 && coming.length === 0) return undefined
  // What the cache does not have any more is never seen in a list, and complained about when it is written to one.
  const isThere = (ref: Reference) => (gone === undefined ? canRead(ref as never) : !gone.has(ref.__ref))
  const rest = list.filter((value) => !isReference(value) || (!leaving.has(value.__ref) && isThere(value)))
  coming.sort((one, other) => one.start - other.start || (one.id < other.id ? -1 : 1))
  const isLater = (index: number, start: number) => {
    const value = rest[index]
    return isReference(value) && toMs(readField('startDate', value)) > start
  }
  const next: unknown[] = []
  let at = 0
  for (const { start, ref } of coming) {
    // Before the first that begins later. In a list of another order that is some place, and its order stays.
    let [low, high] = [at, rest.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (isLater(middle, start)) high = middle
      else low = middle + 1
    }
    for (; at < low; at++) next.push(rest[at])
    next.push(ref)
  }
  for (; at < rest.length; at++) next.push(rest[at])
  return next
}

/** The arguments in the name that a field is stored under; `undefined` if they cannot be told from it. */
function argumentsIn(stored: string, field: string): Arguments | undefined {
  const rest = stored.slice(field.length)
  if (rest === '') return {}
  // `events({…})`, or with key arguments `events:{…}`.
  const text = rest.startsWith('(') ? rest.slice(1, -1) : rest.slice(1)
  try {
    const given: unknown = JSON.parse(text)
    return typeof given === 'object' && given !== null ? (given as Arguments) : undefined
  } catch {
    return undefined
  }
}

function understand(given: Arguments): EventQuery | undefined {
  const query: Record<string, unknown> = {}
  const take = (from: Arguments, deep: boolean): boolean =>
    Object.entries(from).every(([key, value]) => {
      if (value === null || value === undefined) return true
      if (understood.includes(key) && typeof value === 'string') {
        query[key] = value
        return true
      }
      return deep && typeof value === 'object' && take(value as Arguments, false)
    })
  return take(given, true) ? (query as EventQuery) : undefined
}
