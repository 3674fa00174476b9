// What wasm-bindgen generates beside this file when the package is built; see scripts/build/wasm.mjs. The class is that
// of src/web/calendar.rs: where the contract promises something for later, it returns a ticket, a number. The whole is a function, so that there
// can be another instance when one has died.

import type * as contract from './types.js'

/** A call that gives something back: a target, the name of its method, arguments. */
export type Undo = [target: object, method: string, ...given: unknown[]]

type Written = [id: string, persisted: number, confirmed: number]

declare class RealtimeCalendar {
  constructor(
    config: unknown,
    emit: (type: string, given: unknown[]) => void,
    settle: (ticket: number, error: unknown, value: unknown) => void,
    teardown: Set<Undo>,
  )
  free(): void
  connect(): number
  disconnect(): void
  reconnect(): void
  getState(): contract.ConnectionState
  isConnected(): boolean
  watch(messages: boolean, changes: boolean): void
  send(type: string, payload: unknown, ack: boolean, timeout?: number): number
  subscribe(channel: string): number
  unsubscribe(channel: string): void
  subscribeToProject(projectId: string): number
  unsubscribeFromProject(projectId: string): void
  getEvents(query: unknown): readonly contract.CalendarEvent[]
  getEvent(id: string): contract.CalendarEvent | undefined
  getConfirmedEvent(id: string): contract.CalendarEvent | undefined
  createEvent(data: unknown): Written
  updateEvent(id: string, changes: unknown): Written
  deleteEvent(id: string): Written
  hasPendingWrite(id: string): boolean
  undo(): Written | []
  redo(): Written | []
  getActiveUsers(): ReadonlyMap<string, contract.UserPresence>
  getCursors(): readonly contract.UserCursor[]
  broadcastCursor(position: unknown): void
  sendSelection(elementId: string, selection: unknown): void
  sendTyping(elementId: string, isTyping: boolean): void
  sendEditing(eventId?: string): void
  getSyncStatus(): contract.SyncStatus
  getFailedActions(): readonly contract.FailedAction[]
  retryFailedAction(id: string): void
  discardFailedAction(id: string): void
  getConflicts(): readonly contract.ConflictInfo[]
  resolveConflict(id: string, resolved: unknown): Written
  flush(): number
  logout(pending: string | undefined): number
  getCached(key: string): Promise<unknown>
  setCached(key: string, data: unknown, ttl?: number): Promise<void>
  clearCache(): Promise<void>
  getMetrics(): Omit<contract.RealtimeMetrics, 'listenerErrors'>
  getTrace(): readonly contract.TraceEntry[]
  destroy(): Promise<void>
}

export type { RealtimeCalendar as Core }

/** An instance of the module, or what will be one. */
export interface Glue {
  RealtimeCalendar: typeof RealtimeCalendar
  nameThePlaceOfPanics(): void
  resolveConflict(strategy: string, local: unknown, remote: unknown, base: unknown): unknown
  detectConflicts(local: unknown, remote: unknown, base: unknown): string[]
  init(options: { module_or_path: Response | BufferSource | WebAssembly.Module | Promise<Response> }): Promise<unknown>
  initSync(options: { module: WebAssembly.Module }): unknown
  /** The module that the instance is of. */
  compiled(): WebAssembly.Module
}

/** Makes the glue of an instance that has yet to be loaded. Its exports are what `guard` makes of them. */
export declare function instantiate(guard: (exports: WebAssembly.Exports) => WebAssembly.Exports): Glue
