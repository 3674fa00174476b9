// What wasm-bindgen generates beside this file when the package is built; see scripts/build/wasm.mjs. The class is that
// of src/web/calendar.rs: where the contract promises something for later, it returns a ticket, a number.

import type * as contract from './types.js'

type Written = [id: string, persisted: number, confirmed: number]

export declare class RealtimeCalendar {
  constructor(
    config: unknown,
    emit: (type: string, given: unknown[]) => void,
    settle: (ticket: number, error: unknown, value: unknown) => void,
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
  createEvent(data: unknown): Written
  updateEvent(id: string, changes: unknown): Written
  deleteEvent(id: string): Written
  hasPendingWrite(id: string): boolean
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
  flush(): number
  getCached(key: string): Promise<unknown>
  setCached(key: string, data: unknown, ttl?: number): Promise<void>
  clearCache(): Promise<void>
  getMetrics(): Omit<contract.RealtimeMetrics, 'listenerErrors'>
  getTrace(): readonly contract.TraceEntry[]
  destroy(): Promise<void>
}

export default function load(options: {
  module_or_path: Response | BufferSource | WebAssembly.Module | Promise<Response>
}): Promise<unknown>
