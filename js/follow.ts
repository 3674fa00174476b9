// What a calendar tells, as those who mirror it elsewhere want it: which events have to be looked at again, and which
// writes wait for each. Guarantees one call for each notification that leaves something to do, and none once it is
// stopped, not even from within one. Does not know what the mirror is.

import type { PendingAction, RealtimeCalendar } from './types.js'

/** By event: the writes that wait for the server, in their order. */
export type Waiting = ReadonlyMap<string, readonly PendingAction[]>

export interface Followed {
  /** The writes that wait just now. */
  waiting(): Waiting
  stop(): void
}

/** Calls `look` with the ids of events that show something else, or that other writes wait for than before. */
export function follow(calendar: RealtimeCalendar, look: (ids: ReadonlySet<string>) => void): Followed {
  let actions: readonly PendingAction[] | undefined
  let waiting: Waiting = new Map()
  let stopped = false

  /** Reads the queue again if it is another one; the events whose part of it is. */
  const readQueue = (): string[] => {
    const { pendingActions } = calendar.getSyncStatus()
    if (pendingActions === actions) return []
    actions = pendingActions
    const before = waiting
    waiting = byEvent(pendingActions)
    const ids = [...waiting.keys()].filter((id) => !sameActions(before.get(id), waiting.get(id)))
    for (const id of before.keys()) if (!waiting.has(id)) ids.push(id)
    return ids
  }

  const notice = (ids: readonly string[]) => {
    if (stopped) return
    const all = new Set([...ids, ...readQueue()])
    if (all.size > 0) look(all)
  }

  const stops = [
    calendar.on('events-change', ({ created, updated, deleted }) => notice([...created, ...updated, ...deleted])),
    calendar.on('sync-status', () => notice([])),
  ]
  readQueue()
  return {
    waiting: () => waiting,
    stop() {
      stopped = true
      for (const stop of stops) stop()
    },
  }
}

/** Grouped once for all who follow the calendar. */
const grouped = new WeakMap<readonly PendingAction[], Waiting>()

function byEvent(actions: readonly PendingAction[]): Waiting {
  const held = grouped.get(actions)
  if (held !== undefined) return held
  const waiting = new Map<string, PendingAction[]>()
  for (const action of actions) {
    const others = waiting.get(action.resourceId)
    if (others === undefined) waiting.set(action.resourceId, [action])
    else others.push(action)
  }
  grouped.set(actions, waiting)
  return waiting
}

function sameActions(some: readonly PendingAction[] = [], others: readonly PendingAction[] = []): boolean {
  return some.length === others.length && some.every(({ id }, index) => id === others[index]?.id)
}
