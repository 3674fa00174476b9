'use client'
// The queue of what waits for the server, and what was given up.

import { useMemo } from 'react'
import type { FailedAction, PendingAction, SyncStatus } from '../types.js'
import { useSession } from './context.js'
import type { Session } from './session.js'
import { type Source, source, useSource } from './source.js'

/** The status of the queue with what was given up. */
export interface SyncStatusView extends SyncStatus {
  readonly failedActions: readonly FailedAction[]
}

/** What `useSyncStatus` returns. */
export interface SyncStatusAndCalls extends SyncStatusView {
  /** Tries an action again that was given up. */
  retryFailedAction: (id: string) => void
  /** Forgets an action that was given up. */
  discardFailedAction: (id: string) => void
}

const none: readonly FailedAction[] = /* @__PURE__ */ Object.freeze([])

const nothing: SyncStatusView = /* @__PURE__ */ Object.freeze({
  pendingActions: Object.freeze([]),
  syncProgress: Object.freeze({ completed: 0, total: 0, percentage: 100 }),
  failed: 0,
  storage: 'memory',
  online: false,
  failedActions: none,
})

/** The queue of a session. */
export function syncStatus(session: Session): Source<SyncStatusView> {
  let from: SyncStatus | undefined
  let made = nothing
  return source(
    session,
    ['sync-status', 'sync-failure', 'state-change'],
    (calendar) => {
      const status = calendar.getSyncStatus()
      if (status !== from) {
        from = status
        made = { ...status, failedActions: status.failed === 0 ? none : calendar.getFailedActions() }
      }
      return made
    },
    nothing,
    (before, now) => (isSame(before, now) ? before : now),
  )
}

/** The calendar tells of its queue also when something was stored, which is not to be seen. */
function isSame(one: SyncStatusView, other: SyncStatusView): boolean {
  return (
    one.syncProgress.completed === other.syncProgress.completed &&
    one.syncProgress.total === other.syncProgress.total &&
    one.syncProgress.percentage === other.syncProgress.percentage &&
    one.storage === other.storage &&
    one.online === other.online &&
    one.lastSyncedAt === other.lastSyncedAt &&
    isSameList(one.pendingActions, other.pendingActions) &&
    isSameList(one.failedActions, other.failedActions)
  )
}

function isSameList(one: readonly PendingAction[], other: readonly PendingAction[]): boolean {
  const isSameAction = (action: PendingAction, at: number) =>
    action.id === other[at]?.id &&
    action.description === other[at].description &&
    action.retryCount === other[at].retryCount
  return one === other || (one.length === other.length && one.every(isSameAction))
}

/** What waits for the server, how far that is, and what was given up. */
export function useSyncStatus(): SyncStatusAndCalls {
  const session = useSession('useSyncStatus')
  const status = useSource(useMemo(() => syncStatus(session), [session]))
  return useMemo(
    () => ({
      ...status,
      retryFailedAction: (id) => session.read((calendar) => calendar.retryFailedAction(id), undefined),
      discardFailedAction: (id) => session.read((calendar) => calendar.discardFailedAction(id), undefined),
    }),
    [session, status],
  )
}
