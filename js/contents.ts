// What every entry of the package has in common; they differ in where the WebAssembly comes from.

export { RealtimeCalendar } from './calendar.js'
export { ConflictResolver } from './conflict-resolver.js'
export { MessageBatcher } from './message-batcher.js'
export { ConflictStrategy, ConnectionState } from './names.js'
export type {
  CalendarEvent,
  CalendarEventChanges,
  CalendarEventFields,
  ConflictInfo,
  CursorPosition,
  DroppedValue,
  EventQuery,
  FailedAction,
  GraphqlOptions,
  InitSource,
  NewCalendarEvent,
  OfflineAction,
  OfflineOptions,
  PendingAction,
  PendingWrite,
  RealtimeConfig,
  RealtimeError,
  RealtimeListeners,
  RealtimeMetrics,
  SocketIoOptions,
  SyncStatus,
  Timing,
  TraceEntry,
  UserCursor,
  UserPresence,
  WebSocketMessage,
} from './types.js'
