import type { RealtimeCalendar, SyncStatus } from '@baro-calendar/realtime'
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
