// `ConflictResolver` of Story 2.3, which needs no loading before it is asked. The deciding is the package's.

import { ConflictResolver as Resolver } from '../conflict-resolver.js'
import { init } from '../index.js'
import { livingInstance } from '../load.js'
import type { CalendarEvent, ConflictStrategy } from '../types.js'
import { currentSettings } from './settings.js'

/** An event as the original documents type it: dates may be `Date` objects, and nothing has to be there but the id. */
export interface DatedEvent {
  id: string
  startDate?: string | Date
  endDate?: string | Date
  updatedAt?: string | Date
  version?: number
  [field: string]: unknown
}

// What the original compared.
const compared = ['title', 'description', 'startDate', 'endDate', 'location', 'attendees', 'projectId']

/** Story 2.3: makes one event of two versions. Unlike the package's own it needs no `init()` before it is asked. */
export class ConflictResolver {
  readonly #resolver: Resolver

  constructor(strategy?: ConflictStrategy) {
    this.#resolver = new Resolver(strategy)
  }

  /** The event that both come to; its dates are ISO 8601 strings. Loads the WebAssembly if nobody has. */
  async resolve(local: DatedEvent, remote: DatedEvent, base?: DatedEvent): Promise<CalendarEvent> {
    await (currentSettings().init ?? init)()
    return this.#resolver.resolve(plain(local), plain(remote), base === undefined ? undefined : plain(base))
  }

  /** The fields that differ; with `base` those that both changed, once the WebAssembly is loaded. */
  detectConflicts(local: DatedEvent, remote: DatedEvent, base?: DatedEvent): string[] {
    const [ours, theirs] = [plain(local), plain(remote)]
    if (livingInstance() !== undefined) {
      return this.#resolver.detectConflicts(ours, theirs, base === undefined ? undefined : plain(base))
    }
    return compared.filter((field) => JSON.stringify(ours[field]) !== JSON.stringify(theirs[field]))
  }
}

/** The event as it travels: a `Date` is its ISO string, so that it compares with one that was read. */
function plain(event: DatedEvent): CalendarEvent {
  const dates = Object.entries(event).flatMap(([field, value]) =>
    value instanceof Date ? [[field, value.toISOString()]] : [],
  )
  return { ...event, ...Object.fromEntries(dates) } as CalendarEvent
}
