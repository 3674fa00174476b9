// The class that programs use: the compiled one, with listeners and promises around it.

import { string } from './argument.js'
import { realtimeError } from './error.js'
import type { Core, Undo } from './glue.js'
import type { Instance } from './instance.js'
import { Listeners } from './listeners.js'
import { livingInstance } from './load.js'
import { undoAll } from './teardown.js'
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
  readonly #instance: Instance
  readonly #teardown = new Set<Undo>()
  readonly #leave: () => void
  #fatal: contract.RealtimeError | undefined
  #state: contract.ConnectionState = 'disconnected'
  readonly #listeners = new Listeners(() => this.#watch())
  readonly #tickets = new Tickets()
  readonly #dispatches: boolean
  readonly #onConflict: ((conflict: contract.ConflictInfo) => Promise<contract.CalendarEvent | null>) | undefined

  /**
   * Makes a calendar; nothing is opened yet.
   * @throws {RealtimeError} `not_initialized` before `init()` has finished, `invalid_config` for a wrong option.
   */
  constructor(config: contract.RealtimeConfig) {
    const instance = livingInstance()
    if (instance === undefined) {
      throw realtimeError(
        'not_initialized',
        'The WebAssembly is not loaded yet: call `await init()` from @baro-calendar/realtime before `new RealtimeCalendar(...)`.',
        { retryable: true },
      )
    }
    this.#dispatches = config?.windowEvents !== false && typeof window !== 'undefined'
    this.#onConflict = config?.conflict?.onConflict
    this.#instance = instance
    this.#leave = instance.add((error) => this.#die(error))
    try {
      this.#core = new instance.glue.RealtimeCalendar(
        config,
        (type, given) => this.#tell(type, given),
        (ticket, error, value) => this.#tickets.settle(ticket, error, value),
        this.#teardown,
      )
    } catch (error) {
      this.#leave()
      throw error
    }
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
    return this.#fatal === undefined ? this.#alive().getState() : 'error'
  }

  isConnected(): boolean {
    return this.#fatal === undefined && this.#alive().isConnected()
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
    return this.#answer((core) =>
      core.send(string('type', type), payload, options.requireAck === true, options.timeout),
    )
  }

  subscribeToProject(projectId: string): Promise<void> {
    return this.#answer((core) => core.subscribeToProject(string('projectId', projectId)))
  }

  unsubscribeFromProject(projectId: string): void {
    this.#alive().unsubscribeFromProject(string('projectId', projectId))
  }

  subscribe(channel: string): Promise<void> {
    return this.#answer((core) => core.subscribe(string('channel', channel)))
  }

  unsubscribe(channel: string): void {
    this.#alive().unsubscribe(string('channel', channel))
  }

  getEvents(query?: contract.EventQuery): readonly contract.CalendarEvent[] {
    return this.#alive().getEvents(query)
  }

  getEvent(id: string): contract.CalendarEvent | undefined {
    return this.#alive().getEvent(string('id', id))
  }

  subscribeToEvents(listener: () => void): () => void {
    this.#alive()
    return this.#listeners.add('events-change', () => listener())
  }

  getConfirmedEvent(id: string): contract.CalendarEvent | undefined {
    return this.#alive().getConfirmedEvent(string('id', id))
  }

  createEvent(data: contract.NewCalendarEvent): contract.PendingWrite {
    return this.#written(this.#alive().createEvent(data))
  }

  updateEvent(id: string, changes: contract.CalendarEventChanges): contract.PendingWrite {
    return this.#written(this.#alive().updateEvent(string('id', id), changes))
  }

  deleteEvent(id: string): contract.PendingWrite {
    return this.#written(this.#alive().deleteEvent(string('id', id)))
  }

  hasPendingWrite(id: string): boolean {
    return this.#alive().hasPendingWrite(string('id', id))
  }

  undo(): contract.PendingWrite | undefined {
    return this.#writtenIfAny(this.#alive().undo())
  }

  redo(): contract.PendingWrite | undefined {
    return this.#writtenIfAny(this.#alive().redo())
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
    this.#alive().sendSelection(string('elementId', elementId), selection)
  }

  sendTyping(elementId: string, isTyping: boolean): void {
    this.#alive().sendTyping(string('elementId', elementId), isTyping)
  }

  sendEditing(eventId: string | null): void {
    this.#alive().sendEditing(eventId == null ? undefined : string('eventId', eventId))
  }

  getSyncStatus(): contract.SyncStatus {
    return this.#alive().getSyncStatus()
  }

  getFailedActions(): readonly contract.FailedAction[] {
    return this.#alive().getFailedActions()
  }

  retryFailedAction(id: string): void {
    this.#alive().retryFailedAction(string('id', id))
  }

  discardFailedAction(id: string): void {
    this.#alive().discardFailedAction(string('id', id))
  }

  getConflicts(): readonly contract.ConflictInfo[] {
    return this.#alive().getConflicts()
  }

  resolveConflict(id: string, resolved: contract.CalendarEvent | null): contract.PendingWrite {
    return this.#written(this.#alive().resolveConflict(string('id', id), resolved))
  }

  flush(): Promise<void> {
    return this.#answer((core) => core.flush())
  }

  async getCached<Data>(key: string): Promise<Data | null> {
    return (await this.#tickets.adopt(this.#alive().getCached(string('key', key)))) as Data | null
  }

  async setCached<Data>(key: string, data: Data, ttl?: number): Promise<void> {
    await this.#tickets.adopt(this.#alive().setCached(string('key', key), data, ttl))
  }

  async clearCache(): Promise<void> {
    await this.#tickets.adopt(this.#alive().clearCache())
  }

  logout(options: { pending?: contract.OnPending } = {}): Promise<void> {
    return this.#answer((core) => core.logout(options.pending))
  }

  getMetrics(): contract.RealtimeMetrics {
    return Object.assign(this.#alive().getMetrics(), { listenerErrors: this.#listeners.errors })
  }

  getTrace(): readonly contract.TraceEntry[] {
    return this.#alive().getTrace()
  }

  async destroy(): Promise<void> {
    if (this.#fatal === undefined) {
      const core = this.#alive()
      // First: nobody is told of anything any more, not even of what is on its way to the listeners just now.
      this.#core = undefined
      this.#listeners.clear()
      try {
        await this.#tickets.adopt(core.destroy())
      } catch (error) {
        // What died on the way has given everything back.
        if (error !== this.#fatal) throw error
      }
      if (this.#instance.fatal === undefined) core.free()
      this.#leave()
    }
    this.#fatal = undefined
    this.#listeners.clear()
  }

  #alive(): Core {
    if (this.#core !== undefined) return this.#core
    // Asked of the instance, which takes the occasion to tell who could not be told so far.
    if (this.#fatal !== undefined) throw this.#instance.fatal ?? this.#fatal
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

  #writtenIfAny(written: [string, number, number] | []): contract.PendingWrite | undefined {
    return written.length === 0 ? undefined : this.#written(written)
  }

  /** Tells the core which of the events are wanted that cost it something. */
  #watch(): void {
    const has = (types: (keyof contract.RealtimeListeners)[]) => types.some((type) => this.#listeners.has(type))
    this.#core?.watch(
      has(['message', 'message-acknowledged']),
      has(['event:created', 'event:updated', 'event:deleted']),
    )
  }

  /** The instance died: nothing of it is called any more, and everybody who waits is told. */
  #die(error: contract.RealtimeError): void {
    this.#core = undefined
    this.#fatal = error
    undoAll(this.#teardown)
    this.#tickets.abandon(error)
    // Later, since this may stand on the stack of the instance.
    queueMicrotask(() => {
      const previous = this.#state
      this.#state = 'error'
      this.#listeners.emit('state-change', ['error', previous])
      if (this.#listeners.has('error')) this.#listeners.emit('error', [error])
      else console.error(error)
    })
  }

  /** Asks whoever decides about a conflict that waits. Of one that has changed since, the next asking counts. */
  #ask(conflict: contract.ConflictInfo): void {
    const waits = () => this.#core !== undefined && this.#core.getConflicts().includes(conflict)
    const resolve = (resolved: contract.CalendarEvent | null) => {
      if (waits()) this.resolveConflict(conflict.id, resolved)
    }
    if (!waits()) return
    if (this.#dispatches) {
      const { localVersion: local, remoteVersion: remote, baseVersion: base, fields } = conflict
      const detail = { local, remote, base, fields, onResolve: resolve }
      window.dispatchEvent(new CustomEvent('show-conflict-dialog', { detail }))
    }
    const onConflict = this.#onConflict
    if (onConflict === undefined) return
    void Promise.resolve()
      .then(() => (waits() ? Promise.resolve(onConflict(conflict)).then(resolve) : undefined))
      .catch((cause: unknown) => this.#listeners.report('conflict.onConflict', cause))
  }

  #tell(type: string, given: unknown[]): void {
    if (this.#fatal !== undefined) throw this.#fatal
    if (this.#core === undefined) return
    if (type === 'state-change') this.#state = given[0] as contract.ConnectionState
    if (type === 'sync-status' && this.#listeners.has(type)) given = [this.#core.getSyncStatus()]
    this.#listeners.emit(type, given)
    // A listener may have ended it.
    const name = this.#dispatches && this.#core !== undefined ? windowEvents[type] : undefined
    if (name !== undefined) window.dispatchEvent(new CustomEvent(name, { detail: given[0] }))
    if (type === 'conflict:detected') this.#ask(given[0] as contract.ConflictInfo)
    // A listener's call ended the instance: its frames below this one must not go on.
    if (this.#fatal !== undefined) throw this.#fatal
  }
}
