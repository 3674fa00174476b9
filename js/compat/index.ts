// `@baro-calendar/realtime/compat`: the names of the original TypeScript layer, for a program that changes its imports and
// nothing else. `docs/MIGRATION.md` says what each of them is now, and what to use in new code.

export { MessageBatcher } from '../message-batcher.js'
export { ConflictStrategy, ConnectionState } from '../names.js'
export type { CalendarEvent, ConflictInfo, CursorPosition, UserCursor, UserPresence } from '../types.js'
export type { ActiveUsersListProps } from '../react/active-users-list.js'
export type { CollaborationCursorsProps } from '../react/collaboration-cursors.js'
export type { ConnectionStatusProps } from '../react/connection-status.js'
export type { RealtimeCalendarOptions, RealtimeCalendarView } from '../react/realtime-calendar.js'
export {
  ActiveUsersList,
  CollaborationCursors,
  ConnectionStatus,
  RealtimeConnectionStatus,
  RealtimeCursors,
  SyncProgress,
} from './components.js'
export { CollaborationManager } from './collaboration.js'
export { ConflictResolver, type DatedEvent } from './conflict.js'
export { EventEmitter } from './event-emitter.js'
export { RealtimeEventSync } from './event-sync.js'
export {
  type SyncStatusView,
  useProjectSubscription,
  useRealtimeCalendar,
  useRealtimeSync,
  useSyncStatus,
} from './hooks.js'
export { OfflineManager, type QueueStatus, type QueuedAction, offlineManager } from './offline.js'
export {
  type ActionRequests,
  type Addresses,
  type CompatSettings,
  type EventStore,
  type ProjectStore,
  type Toast,
  configure,
} from './settings.js'
export { type WebSocketConfig, type WebSocketListeners, WebSocketManager, type WebSocketMessage } from './websocket.js'
