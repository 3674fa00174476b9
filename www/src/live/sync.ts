import type { ConflictInfo, FailedAction, RealtimeCalendar, SyncStatus } from '@baro-calendar/realtime'
import { source, together, type Source } from './source'

function same(a: SyncStatus, b: SyncStatus): boolean {
  return (
    a.pendingActions.length === b.pendingActions.length &&
    a.pendingActions.every((action, at) => {
      const other = b.pendingActions[at]
      return action.id === other?.id && action.retryCount === other.retryCount
    }) &&
    a.syncProgress.completed === b.syncProgress.completed &&
    a.syncProgress.total === b.syncProgress.total &&
    a.failed === b.failed &&
    a.storage === b.storage &&
    a.online === b.online &&
    a.lastSyncedAt === b.lastSyncedAt
  )
}

export function syncOf(calendar: RealtimeCalendar): Source<SyncStatus> {
  return source<SyncStatus>(
    (changed) => together(calendar.on('sync-status', changed), calendar.on('state-change', changed)),
    () => calendar.getSyncStatus(),
    same,
  )
}

/** The writes that were given up. */
export function failedOf(calendar: RealtimeCalendar): Source<readonly FailedAction[]> {
  return source<readonly FailedAction[]>(
    (changed) => together(calendar.on('sync-status', changed), calendar.on('sync-failure', changed)),
    () => calendar.getFailedActions(),
    (a, b) => a.length === b.length && a.every((action, at) => action.id === b[at]?.id),
  )
}

/** The conflicts that wait for this person. */
export function conflictsOf(calendar: RealtimeCalendar): Source<readonly ConflictInfo[]> {
  return source<readonly ConflictInfo[]>(
    (changed) =>
      together(
        calendar.on('conflict:detected', changed),
        calendar.on('conflict:resolved', changed),
        calendar.on('sync-status', changed),
        calendar.on('sync-failure', changed),
        calendar.subscribeToEvents(changed),
      ),
    () => calendar.getConflicts(),
  )
}
