// The class that programs use: the compiled one, with listeners and promises around it.

import { realtimeError } from './error.js'
import { RealtimeCalendar as Core } from './glue.js'
import { Listeners } from './listeners.js'
import { isLoaded } from './load.js'
import { Tickets } from './tickets.js'
import type * as contract from './types.js'

/** Events that are also dispatched on `window`, under the names that the original layer gave them. */
const windowEvents: Record<string, string> = {
  'sync-failure': 'sync-failure',
  'user:cursor': 'cursor-update',
  'user:typing': 'user-typing',
  'element:selected': 'element-selected',
}

/** A calendar that several people edit, in this page at once, on the server as soon as it can be reached. */
export class RealtimeCalendar implements contract.RealtimeCalendar {
  #core: Core | undefined
  readonly #listeners = new Listeners(() => this.#watch())
  readonly #tickets = new Tickets()
  readonly #dispatches: boolean

  constructor(config: contract.RealtimeConfig) {
    if (!isLoaded()) {
      throw realtimeError(
        'not_initialized',
        'The WebAssembly is not loaded yet: call `await init()` from @baro-calendar/realtime before `new RealtimeCalendar(...)`.',
        { retryable: true },
      )
    }
    this.#dispatches = config?.windowEvents !== false && typeof window !== 'undefined'
    this.#core = new Core(
      config,
      (type, given) => this.#tell(type, given),
      (ticket, error, value) => this.#tickets.settle(ticket, error, value),
    )
  }

  connect(): Promise<void> {
    return this.#answer((core) => core.connect())
  }

  disconnect(): void {
    this.#alive().disconnect()
  }

  reconnect(): void {
    this.#alive().reconnect()
  }

  getState(): contract.ConnectionState {
    return this.#alive().getState()
  }

  isConnected(): boolean {
    return this.#alive().isConnected()
  }

  on<Type extends keyof contract.RealtimeListeners>(
    type: Type,
    listener: contract.RealtimeListeners[Type],
  ): () => void {
    this.#alive()
    return this.#listeners.add(type, listener)
  }

  once<Type extends keyof contract.RealtimeListeners>(
    type: Type,
    listener: contract.RealtimeListeners[Type],
  ): () => void {
    this.#alive()
    return this.#listeners.add(type, listener, true)
  }

  off<Type extends keyof contract.RealtimeListeners>(type: Type, listener: contract.RealtimeListeners[Type]): void {
    this.#listeners.remove(type, listener)
  }

  send(type: string, payload: unknown, options: { requireAck?: boolean; timeout?: number } = {}): Promise<unknown> {
    return this.#answer((core) => core.send(type, payload, options.requireAck === true, options.timeout))
  }

  subscribeToProject(projectId: string): Promise<void> {
    return this.#answer((core) => core.subscribeToProject(projectId))
  }

  unsubscribeFromProject(projectId: string): void {
    this.#alive().unsubscribeFromProject(projectId)
  }

  subscribe(channel: string): Promise<void> {
    return this.#answer((core) => core.subscribe(channel))
  }

  unsubscribe(channel: string): void {
    this.#alive().unsubscribe(channel)
  }

  getEvents(query?: contract.EventQuery): readonly contract.CalendarEvent[] {
    return this.#alive().getEvents(query)
  }

  getEvent(id: string): contract.CalendarEvent | undefined {
    return this.#alive().getEvent(id)
  }

  subscribeToEvents(listener: () => void): () => void {
    this.#alive()
    return this.#listeners.add('events-change', () => listener())
  }

  createEvent(data: contract.NewCalendarEvent): contract.PendingWrite {
    return this.#written(this.#alive().createEvent(data))
  }

  updateEvent(id: string, changes: contract.CalendarEventChanges): contract.PendingWrite {
    return this.#written(this.#alive().updateEvent(id, changes))
  }

  deleteEvent(id: string): contract.PendingWrite {
    return this.#written(this.#alive().deleteEvent(id))
  }

  hasPendingWrite(id: string): boolean {
    return this.#alive().hasPendingWrite(id)
  }

  getActiveUsers(): ReadonlyMap<string, contract.UserPresence> {
    return this.#alive().getActiveUsers()
  }

  getCursors(): readonly contract.UserCursor[] {
    return this.#alive().getCursors()
  }

  broadcastCursor(position: contract.CursorPosition): void {
    this.#alive().broadcastCursor(position)
  }

  sendSelection(elementId: string, selection: unknown): void {
    this.#alive().sendSelection(elementId, selection)
  }

  sendTyping(elementId: string, isTyping: boolean): void {
    this.#alive().sendTyping(elementId, isTyping)
  }

  sendEditing(eventId: string | null): void {
    this.#alive().sendEditing(eventId ?? undefined)
  }

  getSyncStatus(): contract.SyncStatus {
    return this.#alive().getSyncStatus()
  }

  getFailedActions(): readonly contract.FailedAction[] {
    return this.#alive().getFailedActions()
  }

  retryFailedAction(id: string): void {
    this.#alive().retryFailedAction(id)
  }

  discardFailedAction(id: string): void {
    this.#alive().discardFailedAction(id)
  }

  flush(): Promise<void> {
    return this.#answer((core) => core.flush())
  }

  async getCached<Data>(key: string): Promise<Data | null> {
    return (await this.#alive().getCached(key)) as Data | null
  }

  async setCached<Data>(key: string, data: Data, ttl?: number): Promise<void> {
    await this.#alive().setCached(key, data, ttl)
  }

  async clearCache(): Promise<void> {
    await this.#alive().clearCache()
  }

  getMetrics(): contract.RealtimeMetrics {
    return { ...this.#alive().getMetrics(), listenerErrors: this.#listeners.errors }
  }

  getTrace(): readonly contract.TraceEntry[] {
    return this.#alive().getTrace()
  }

  async destroy(): Promise<void> {
    const core = this.#alive()
    // First: nobody is told of anything any more, not even of what is on its way to the listeners just now.
    this.#core = undefined
    this.#listeners.clear()
    await core.destroy()
    core.free()
  }

  #alive(): Core {
    if (this.#core !== undefined) return this.#core
    throw realtimeError('destroyed', 'This calendar was destroyed; make a new one.', { retryable: false })
  }

  /** What the core answers later to a call. A call that cannot be made rejects; `async` would report every rejection. */
  #answer<Value>(call: (core: Core) => number): Promise<Value> {
    try {
      return this.#tickets.promise(call(this.#alive()))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #written([id, persisted, confirmed]: [string, number, number]): contract.PendingWrite {
    return { id, persisted: this.#tickets.promise(persisted), confirmed: this.#tickets.promise(confirmed) }
  }

  /** Tells the core which of the events are wanted that cost it something. */
  #watch(): void {
    const has = (types: (keyof contract.RealtimeListeners)[]) => types.some((type) => this.#listeners.has(type))
    this.#core?.watch(
      has(['message', 'message-acknowledged']),
      has(['event:created', 'event:updated', 'event:deleted']),
    )
  }

  #tell(type: string, given: unknown[]): void {
    if (this.#core === undefined) return
    if (type === 'sync-status') given = [this.#core.getSyncStatus()]
    this.#listeners.emit(type, given)
    // A listener may have ended it.
    const name = this.#dispatches && this.#core !== undefined ? windowEvents[type] : undefined
    if (name !== undefined) window.dispatchEvent(new CustomEvent(name, { detail: given[0] }))
  }
}
