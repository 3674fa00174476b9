import { realtimeError } from './error.js'
import type { Glue } from './glue.js'
import { livingInstance } from './load.js'
import { ConflictStrategy } from './names.js'
import type { CalendarEvent } from './types.js'

/**
 * Makes one event out of two versions of it, as the calendar itself does: usable alone, without a connection. `init` has
 * to have finished before it is asked.
 */
export class ConflictResolver {
  readonly #strategy: ConflictStrategy

  /**
   * One that decides by a strategy.
   * @throws {RealtimeError} `invalid_argument` for a strategy that there is not.
   */
  constructor(strategy: ConflictStrategy = 'last_write_wins') {
    if (!Object.values(ConflictStrategy).includes(strategy)) {
      const accepted = Object.values(ConflictStrategy).join(', ')
      throw realtimeError('invalid_argument', `strategy: expected one of ${accepted}, got ${String(strategy)}`, {
        retryable: false,
      })
    }
    this.#strategy = strategy
  }

  /**
   * The event that both come to. Neither is changed; fields that are not known here survive.
   *
   * `last_write_wins` and `first_write_wins` go by `updatedAt`: without `base` one of the two is taken as it is, with it
   * only what both changed is decided. `merge` and `operational_transform` leave what cannot be merged as it is in
   * `remote`. `crdt` goes by the stamps in the events.
   *
   * `manual` asks, if both changed the same: it dispatches `show-conflict-dialog` on `window` with the detail
   * `{ local, remote, base, fields, onResolve }` and resolves with what `onResolve` is called with. Where no listener
   * takes `onResolve` out of the detail while it is called, nobody can answer: then `remote` stays.
   *
   * Rejects only for what is no event, and before `init` has finished.
   */
  async resolve(local: CalendarEvent, remote: CalendarEvent, base?: CalendarEvent): Promise<CalendarEvent> {
    const { resolveConflict } = glue()
    if (this.#strategy === 'manual') {
      const fields = this.detectConflicts(local, remote, base)
      if (fields.length > 0) return (await ask(local, remote, base, fields)) ?? remote
    }
    return resolveConflict(this.#strategy, local, remote, base) as CalendarEvent
  }

  /**
   * The names of the fields that both changed, to different values, in order; without `base` those that differ. Fields
   * that belong together, as start and zone do, count together. `id`, `version` and `updatedAt` never count.
   */
  detectConflicts(local: CalendarEvent, remote: CalendarEvent, base?: CalendarEvent): string[] {
    return glue().detectConflicts(local, remote, base)
  }
}

function glue(): Glue {
  const instance = livingInstance()
  if (instance === undefined) {
    throw realtimeError(
      'not_initialized',
      'The WebAssembly is not loaded yet: call `await init()` from @baro-calendar/realtime before asking a ConflictResolver.',
      { retryable: true },
    )
  }
  return instance.glue
}

/** What a listener of the page decides; nothing if none is going to. */
function ask(
  local: CalendarEvent,
  remote: CalendarEvent,
  base: CalendarEvent | undefined,
  fields: string[],
): Promise<CalendarEvent> | undefined {
  if (typeof window === 'undefined') return undefined
  let taken = false
  const answer = new Promise<CalendarEvent>((resolve) => {
    const detail = {
      local,
      remote,
      base,
      fields,
      // Only a listener that is going to call it asks for it.
      get onResolve() {
        taken = true
        return resolve
      },
    }
    window.dispatchEvent(new CustomEvent('show-conflict-dialog', { detail }))
  })
  return taken ? answer : undefined
}
