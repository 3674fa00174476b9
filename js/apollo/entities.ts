// Events as entities of the cache: `CalendarEvent:<id>`. Owns what an event is there, under which id, and how it is written
// and deleted, in the cache itself or in an optimistic layer. Does not know lists, and not which of the two it is in.

import { realtimeError } from '../error.js'
import type { CalendarEvent } from '../types.js'
import { modify, type NormalizedCache } from './cache.js'
import { fragmentOf } from './document.js'

/** Fields that an event need not have. A query that selects one finds `null`: a field that is missing would be fetched. */
const optional = [
  'description',
  'location',
  'attendees',
  'projectId',
  'calendarId',
  'allDay',
  'timeZone',
  'recurrence',
  'color',
]

/** What GraphQL can ask for, without what it reserves. */
const isName = /^(?!__)[_A-Za-z]\w*$/

type Entity = { __typename: string; [field: string]: unknown }

export type ToEntity = (event: CalendarEvent) => Record<string, unknown>

const withEveryField: ToEntity = (event) => ({
  ...Object.fromEntries(optional.map((field) => [field, null])),
  ...event,
})

export class Entities {
  readonly #cache: NormalizedCache
  readonly #typename: string
  readonly #toEntity: ToEntity
  /** Made once for each version of an event, however many layers show it. */
  readonly #made = new WeakMap<CalendarEvent, Entity>()
  /** By entity: every field that was ever written, to be emptied where an event does not have it any more. */
  readonly #fields = new Map<string, Set<string>>()

  constructor(cache: NormalizedCache, typename: string, toEntity: ToEntity = withEveryField) {
    this.#cache = cache
    this.#typename = typename
    this.#toEntity = toEntity
  }

  /** Under which id the cache has the event. */
  identify(event: CalendarEvent): string {
    const id = this.#cache.identify(this.#entityOf(event) as never)
    if (id !== undefined) return id
    throw realtimeError(
      'invalid_argument',
      `cache: it gives ${this.#typename} no id. Expected a type policy whose key fields are among those that options.toEntity returns.`,
      { retryable: false },
    )
  }

  /** Writes the event to what `cache` writes to just now. */
  write(cache: NormalizedCache, id: string, event: CalendarEvent): void {
    const entity = this.#entityOf(event)
    const fields = this.#fields.get(id) ?? new Set()
    this.#fields.set(id, fields)
    for (const field of Object.keys(entity)) fields.add(field)
    const gone = [...fields].filter((field) => !(field in entity))
    const data = gone.length === 0 ? entity : { ...entity, ...Object.fromEntries(gone.map((field) => [field, null])) }
    cache.writeFragment({ id, fragment: fragmentOf(entity.__typename, data, new Set(Object.values(event))), data })
  }

  /** Takes the entity away in an optimistic layer, where evicting does not reach below. */
  hide(cache: NormalizedCache, id: string): void {
    modify(cache, id, (_value, { DELETE }) => DELETE)
  }

  /** Takes the entity away for good. */
  evict(cache: NormalizedCache, id: string): void {
    cache.evict({ id })
    this.#fields.delete(id)
  }

  /** Whether the cache itself has the entity. */
  has(id: string): boolean {
    return this.#cache.readFragment({ id, fragment: fragmentOf(this.#typename, { __typename: '' }) }) !== null
  }

  #entityOf(event: CalendarEvent): Entity {
    const held = this.#made.get(event)
    if (held !== undefined) return held
    const fields = this.#toEntity(event)
    const typename = fields['__typename']
    // An event may have any field, and its author is not the one to say what it is: nor could a query ask for other names.
    const isOwn = typeof typename === 'string' && typename !== event['__typename']
    const entity: Entity = { __typename: isOwn ? typename : this.#typename }
    for (const [field, value] of Object.entries(fields)) if (isName.test(field)) entity[field] = value
    this.#made.set(event, entity)
    return entity
  }
}
