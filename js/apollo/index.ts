// `@baro-calendar/realtime/apollo`: a calendar's events in Apollo's normalised cache. What is confirmed is in the cache
// itself, what waits for the server in optimistic layers above it, one for each write. Guarantees that no watcher sees an
// event in a state that the calendar did not show. Imports nothing of Apollo.

import { realtimeError } from '../error.js'
import { follow } from '../follow.js'
import type { CalendarEvent, PendingAction, RealtimeCalendar } from '../types.js'
import { atOnce, type NormalizedCache } from './cache.js'
import { Entities, type ToEntity } from './entities.js'
import { Layers } from './layers.js'
import { type EventList, Lists, mayMove, type Placement } from './lists.js'

export type { NormalizedCache } from './cache.js'
export type { EventList } from './lists.js'

/** What `bindApolloCache` takes. */
export interface ApolloOptions {
  /** The type of an event in the schema: `'CalendarEvent'`. */
  typename?: string
  /** Which fields of `Query` list events. Default: `events`. */
  lists?: readonly EventList[]
  /**
   * What an event is in the cache, for schemas with other fields: everything that queries select. Default: the event, with
   * `null` for the fields that it does not have.
   */
  toEntity?: ToEntity
}

/**
 * Most writes that have a layer at a time. A layer is a link in a chain that every read goes along, and what is above a
 * removed one is made anew; further writes are written into the cache itself, and taken back there if they are refused.
 */
const LAYERS_MAX = 64

/** What the cache has of an event. */
interface Held {
  /** As it is in the cache itself. */
  base: CalendarEvent | undefined
  /** Under which id that is. */
  id: string | undefined
  /** The writes with a layer, oldest first, and what the layer of the last one shows. */
  layers: readonly string[]
  top: CalendarEvent | undefined
}

/**
 * Keeps a cache up to date with a calendar, from now on.
 *
 * @returns Ends it, any time and more than once: its layers are removed, and the events stay in the cache as the server
 * last told them.
 * @throws {RealtimeError} `invalid_argument` if `cache` is none or gives events no id, `destroyed` if the calendar is.
 */
export function bindApolloCache(
  calendar: RealtimeCalendar,
  cache: NormalizedCache,
  options: ApolloOptions = {},
): () => void {
  check(cache)
  const { typename = 'CalendarEvent' } = options
  const entities = new Entities(cache, typename, options.toEntity)
  const lists = new Lists(options.lists)
  const layers = new Layers(cache)
  const held = new Map<string, Held>()
  /** Entities that layers take away. */
  const hidden = new Set<string>()
  let isBound = true

  /** Whether the cache was emptied, as `client.clearStore` does it. */
  const isEmptied = () => {
    for (const { id } of held.values()) if (id !== undefined) return !entities.has(id)
    return false
  }

  /**
   * Puts layers over an event for the writes that wait for it, as far as there is room: each shows it as it is shown just
   * now. Returns which writes have one.
   */
  const cover = (
    was: Held,
    { shown, confirmed }: { shown: CalendarEvent | undefined; confirmed: CalendarEvent | undefined },
    actions: readonly PendingAction[],
  ): readonly string[] => {
    const kept = was.layers.filter((key) => actions.some(({ id }) => id === key))
    const room = Math.max(0, LAYERS_MAX - layers.size)
    const added = actions.filter(({ id }) => !was.layers.includes(id)).slice(0, room)
    const next = [...kept, ...added.map(({ id }) => id)]
    const last = next.at(-1)
    if (last === undefined) return next
    const [id, below] = [shown, confirmed].map((event) => event && entities.identify(event))
    const paint = (layer: NormalizedCache) => {
      if (below !== undefined && below !== id) entities.hide(layer, below)
      if (id === undefined || shown === undefined) return false
      entities.write(layer, id, shown)
      return lists.place(layer, [{ id, before: confirmed, after: shown }], hidden)
    }
    for (const { id: key } of added) layers.put(key, paint)
    const isOutdated = was.top !== shown || last !== was.layers.at(-1)
    if (added.length === 0 && isOutdated) layers.put(last, paint)
    return next
  }

  /** Brings the cache up to date with what the calendar has of these events; with `lasting`, of what is confirmed only. */
  const look = (ids: Iterable<string>, lasting = false) => {
    const waiting = followed.waiting()
    const placements: Placement[] = []
    const writes: ((root: NormalizedCache) => void)[] = []
    const anew: string[] = []
    let evicts = false
    for (const id of ids) {
      const was = held.get(id) ?? { base: undefined, id: undefined, layers: [], top: undefined }
      const confirmed = calendar.getConfirmedEvent(id)
      const shown = lasting ? confirmed : calendar.getEvent(id)
      const next = lasting ? [] : cover(was, { shown, confirmed }, waiting.get(id) ?? [])
      // A watcher that was told of a layer may have ended the binding.
      if (!isBound && !lasting) return
      for (const key of was.layers) if (!next.includes(key)) layers.drop(key)
      const base = next.length > 0 ? confirmed : shown
      const entity = base === undefined ? undefined : entities.identify(base)
      if (was.id !== undefined) hidden.delete(was.id)
      if (entity !== undefined && (shown === undefined || entities.identify(shown) !== entity)) hidden.add(entity)
      if (base === undefined && next.length === 0) held.delete(id)
      else held.set(id, { base, id: entity, layers: next, top: next.length > 0 ? shown : undefined })
      if (was.id !== undefined && was.id !== entity) {
        const old = was.id
        evicts = true
        placements.push({ id: old, before: was.base, after: undefined })
        writes.push((root) => entities.evict(root, old))
        cache.release?.(old)
      }
      if (base === undefined || entity === undefined || base === was.base) continue
      placements.push({ id: entity, before: was.id === entity ? was.base : undefined, after: base })
      const isNew = was.id !== entity
      writes.push((root) => {
        entities.write(root, entity, base)
        // What is written is kept from being collected, once more with each time.
        if (!isNew) root.release?.(entity)
      })
      if (!isNew) continue
      // There was nothing yet that its layer could have taken away.
      const last = next.at(-1)
      if (shown === undefined && last !== undefined) anew.push(last)
    }
    const update = (root: NormalizedCache) => {
      for (const write of writes) write(root)
      lists.place(root, placements)
    }
    layers.settle(writes.length > 0 ? update : undefined, { movesLists: placements.some(mayMove), anew })
    if (evicts) cache.gc()
  }

  const fill = () => {
    lists.keep(cache)
    const ids = new Set([...calendar.getEvents().map(({ id }) => id), ...followed.waiting().keys()])
    atOnce(cache, () => look(ids))
  }
  const followed = follow(calendar, (ids) => {
    if (!isEmptied()) return atOnce(cache, () => look(ids))
    held.clear()
    layers.forget()
    fill()
  })

  const unbind = () => {
    if (!isBound) return
    isBound = false
    followed.stop()
    layers.close()
    try {
      atOnce(cache, () => look(followed.waiting().keys(), true))
    } catch {
      // The calendar was destroyed: what it confirmed is in the cache already, but for writes without a layer.
      layers.settle(undefined)
    }
    for (const { id } of held.values()) if (id !== undefined) cache.release?.(id)
  }
  try {
    fill()
  } catch (error) {
    unbind()
    throw error
  }
  return unbind
}

function check(cache: NormalizedCache): void {
  for (const method of ['identify', 'batch', 'writeFragment', 'modify', 'evict', 'removeOptimistic'] as const) {
    const got: unknown = cache?.[method]
    if (typeof got === 'function') continue
    throw realtimeError(
      'invalid_argument',
      `cache.${method}: expected the function of an Apollo cache, got ${typeof got}`,
      {
        retryable: false,
      },
    )
  }
}
