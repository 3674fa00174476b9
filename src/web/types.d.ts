/**
 * The public contract of `@baro-calendar/realtime`: what a program can rely on, whatever is behind it.
 *
 * The package's modules take their types from here, and a packaging test holds the compiled class against it.
 */

// ---------------------------------------------------------------------------------------------------------------------
// What travels
// ---------------------------------------------------------------------------------------------------------------------

/** State of the connection. Also exported as a frozen object: `ConnectionState.CONNECTED === 'connected'`. */
export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'reconnecting' | 'error'

/** How two versions of one event become one. Also exported as a frozen object: `ConflictStrategy.MERGE === 'merge'`. */
export type ConflictStrategy =
  'last_write_wins' | 'first_write_wins' | 'manual' | 'merge' | 'operational_transform' | 'crdt'

/** One message of the wire. */
export interface WebSocketMessage<T = unknown> {
  type: string
  payload: T
  /** Milliseconds since 1970. */
  timestamp: number
  id: string
  userId?: string
  version?: number
}

/** A calendar event as it is read. Dates are ISO 8601 strings. */
export interface CalendarEvent {
  /** A UUIDv7, or what the event was created with. */
  id: string
  title: string
  /** An instant (`2026-03-02T09:00:00.000Z`), or a date (`2026-03-02`) of a whole day. */
  startDate: string
  /** ISO 8601; never before `startDate`. */
  endDate: string
  description?: string
  location?: string
  /** Addresses. A set, when two changes of it meet. */
  attendees?: string[]
  /** Who may see it follows from the project; without one it is in the server's `default`. */
  projectId?: string
  /** A calendar within the project. */
  calendarId?: string
  allDay?: boolean
  /** An IANA name, such as `Asia/Seoul`. */
  timeZone?: string
  /** As the program has it, an RRULE for example. It is kept and merged as one value, and not expanded. */
  recurrence?: string
  color?: string
  /** How often it was changed on the server, from 1; 0 of an event that the server does not have yet. */
  version: number
  /** When it was last changed, ISO 8601. */
  updatedAt: string
  /** Unknown fields survive every merge and every round trip untouched. */
  [field: string]: unknown
}

/** The fields of an event that have a meaning here, as they are written: dates may be `Date` objects. */
export interface CalendarEventFields {
  title: string
  /** ISO 8601, or a `Date`, which becomes an instant. */
  startDate: string | Date
  /** The same; not before `startDate`. */
  endDate: string | Date
  description?: string
  location?: string
  attendees?: string[]
  projectId?: string
  calendarId?: string
  allDay?: boolean
  timeZone?: string
  recurrence?: string
  color?: string
}

/** What `createEvent` takes. Without an `id`, one is made: a UUIDv7 that stays. */
export type NewCalendarEvent = CalendarEventFields & { id?: string; [field: string]: unknown }

/** What `updateEvent` takes: the fields that change. `undefined` leaves a field as it is, `null` removes it. */
export type CalendarEventChanges = {
  [Field in keyof CalendarEventFields]?: CalendarEventFields[Field] | null | undefined
} & { [field: string]: unknown }

/** Which events `getEvents` is asked for: those that overlap the half-open range, of the project, of the calendar. */
export interface EventQuery {
  /** The beginning of the range, itself part of it. */
  from?: string | Date
  /** Its end, itself not part of it. */
  to?: string | Date
  projectId?: string
  calendarId?: string
}

/** Somebody who is here. */
export interface UserPresence {
  id: string
  name: string
  avatar?: string
  color: string
  /** Milliseconds since 1970. */
  lastSeen: number
  cursor?: UserCursor
  selection?: { elementId: string; selection: unknown }
  typing?: { elementId: string }
  editing?: { eventId: string }
  status: 'active' | 'away'
}

/** Where somebody points. */
export interface UserCursor {
  userId: string
  x: number
  y: number
  elementId?: string
  timestamp: number
}

/** Where the user of this page points. */
export interface CursorPosition {
  /** In whatever the program counts in, as are all positions. */
  x: number
  y: number
  /** What the position is counted from, if that is not the whole page. */
  elementId?: string
}

// ---------------------------------------------------------------------------------------------------------------------
// Configuration
// ---------------------------------------------------------------------------------------------------------------------

/** Every option is validated by the constructor; its error names the field, what it got and what it takes. */
export interface RealtimeConfig {
  /**
   * `ws://`, `wss://`, or a path on this origin: a WebSocket's address, beside which polling is found at `poll`.
   * `http(s)://`: the address of polling itself, by default `/poll`.
   */
  url: string
  /** Subprotocols that the WebSocket offers besides. */
  protocols?: string[]
  /** Default `'baro'`; this version refuses the others with `unsupported`. */
  dialect?: 'baro' | 'socket.io' | 'graphql-ws'
  /** `true` (default): offer what goes beyond the plain wire. `false`: plain wire only. */
  negotiate?: boolean
  /** Subscribed on every connect. */
  projectId?: string
  /** Who this is, towards a server that does not tell it from a token. */
  user?: {
    id: string
    name?: string
    /** An address of a picture. */
    avatar?: string
    /** `#rrggbb`. */
    color?: string
  }
  /** How a connection that was lost comes back. */
  reconnect?: {
    /** Attempts in a row before it is given up: 10. `Infinity` is allowed. */
    maxAttempts?: number
    /** The first wait: 1000 ms. */
    delay?: number
    /** The longest wait: 30000 ms. */
    maxDelay?: number
    /** What each wait is multiplied by for the next: 1.5. */
    factor?: number
    /** Whether waits are spread over their upper half: `true`. */
    jitter?: boolean
  }
  /** When a silent connection is asked whether it lives. A `baro.v1` server's word replaces the times. */
  heartbeat?: {
    /** Silence before the question: 30000 ms. */
    interval?: number
    /** How long the answer may take: 5000 ms. */
    timeout?: number
    /** The type of the question: `'ping'`. */
    message?: string
  }
  /** Signing in; without it the user is who `user` says. */
  auth?: {
    token?: string
    /**
     * Asked for a token when there is none, before one ends and once when one is refused, never twice at a time. If it
     * rejects, it is asked again with the next attempt.
     */
    refreshToken?: () => Promise<string>
    /** Where the token travels. Default `'message'`: it is in no URL. */
    placement?: 'message' | 'query' | 'subprotocol'
  }
  /** Messages of `send` with `requireAck`. */
  ack?: {
    /** How long the acknowledgement may take: 5000 ms. */
    timeout?: number
  }
  /** Small writes wait for each other while an earlier one is unanswered, and only then. */
  batch?: {
    /** So many leave at once: 10. */
    size?: number
    /** So long they wait at most: 100 ms. */
    delay?: number
    /** Whether large frames may be compressed, where the browser and the server can: `true`. */
    compress?: boolean
  }
  /** The pointer of the user of this page. */
  cursor?: {
    /** The least time between two positions that are sent: 50 ms. */
    interval?: number
  }
  /** `false` keeps everything in memory. */
  offline?: false | OfflineOptions
  /**
   * What is to happen where two changed one thing: default `'last_write_wins'`. With `'manual'`, `onConflict` is asked for
   * every conflict, and again when it changes; what it resolves with is the event as it is to be, `null` for deleted. If it
   * throws or rejects, the conflict waits for `resolveConflict`.
   */
  conflict?: {
    strategy?: ConflictStrategy
    onConflict?: (conflict: ConflictInfo) => Promise<CalendarEvent | null>
  }
  /**
   * Default `['websocket', 'polling']`: polling where WebSockets do not get through. With an `http(s)://` address polling
   * alone; with `['websocket']` the address is a WebSocket's, whatever its scheme.
   */
  transports?: ('websocket' | 'polling')[]
  /** A page hidden for so many ms (300000) gives its connection up; `Infinity` keeps it. */
  visibility?: { disconnectAfter?: number }
  /**
   * `'shared'` (default): one socket for all tabs of a user, where the browser has Web Locks, BroadcastChannel and
   * IndexedDB, and `offline` is not switched off. `'separate'`: one each.
   */
  tabs?: 'shared' | 'separate'
  /** For `dialect: 'socket.io'`. */
  socketio?: SocketIoOptions
  /** For `dialect: 'graphql-ws'`. */
  graphql?: GraphqlOptions
  /** Also dispatch the window CustomEvents `sync-failure`, `show-conflict-dialog`, `cursor-update`, `user-typing` and `element-selected`. */
  windowEvents?: boolean
}

/** What `logout` does about writes that are not sent. */
export type OnPending = 'flush' | 'keep' | 'discard'

/** Where unsent edits are kept, and how they reach the server. */
export interface OfflineOptions {
  /** Default `'baro-calendar-offline'`; one database a user id. */
  databaseName?: string
  /** Failures that the server calls retryable before an action is given up: 3. */
  maxRetries?: number
  /**
   * How writes reach the server. Default `'socket'`: like everything else. `{ rest }`: as requests to that address of
   * events, each with an `Idempotency-Key`. A function: it sends the action itself, and may be called again with the same
   * `id` if this page ended before it was done. Both from `connect()` to `disconnect()`, whether the socket is there or not.
   * What the function throws decides: `retryable: false` or a `status` of 4xx ends in a failed action, 401 waits for
   * `refreshToken`, 409 is a conflict, anything else is tried again.
   */
  sync?: 'socket' | { rest: string } | ((action: OfflineAction) => Promise<unknown>)
}

/** For `dialect: 'socket.io'`, which this version refuses with `unsupported`. */
export interface SocketIoOptions {
  /** Default `'/socket.io'`. */
  path?: string
  auth?: object
  query?: object
  /** Our wire names → the server's. */
  names?: Record<string, string>
  /** The server's events that feed `getEvents`. */
  collection?: { snapshot: string; updated: string; created?: string; deleted?: string; id?: string }
}

/** For `dialect: 'graphql-ws'`, which this version refuses with `unsupported`. */
export interface GraphqlOptions {
  subscription: string
  variables?: (channel: string) => object
  changes: (data: unknown) => { type: 'created' | 'updated' | 'deleted'; event?: CalendarEvent; id?: string }[]
  create?: string
  update?: string
  delete?: string
  /** The token is added to it as `{ token }`. */
  connectionParams?: object
}

// ---------------------------------------------------------------------------------------------------------------------
// Answers
// ---------------------------------------------------------------------------------------------------------------------

/** Every error of this package. */
export interface RealtimeError extends Error {
  /** Stable, snake case: `not_initialized`, `invalid_argument`, `forbidden`, …; `docs/ERRORS.md` lists them all. */
  code: string
  /** Whether the same may succeed later. */
  retryable: boolean
  /**
   * Only on an error that ended the connection, which is in state `error` from then on: whether `connect()` may go on
   * once the cause is dealt with. What to do about each stands in `docs/ERRORS.md`.
   */
  resumable?: boolean
  details?: unknown
}

/** A write that shows at once and is on its way. A rejection that nobody listens to is no `unhandledrejection`. */
export interface PendingWrite {
  /** The event's id: a UUIDv7 made here, never a temporary one. */
  readonly id: string
  /** Resolves when the write survives a crash. */
  readonly persisted: Promise<void>
  /** The server's word; rejects with a `RealtimeError` after the rollback. */
  readonly confirmed: Promise<CalendarEvent>
}

/** A write that waits for the server. */
export interface PendingAction {
  id: string
  type: 'create' | 'update' | 'delete'
  /** What it is about: `'event'`. */
  resource: string
  /** The event's id. */
  resourceId: string
  /** For people. */
  description: string
  retryCount: number
  /** Milliseconds since 1970. */
  timestamp: number
}

/** A queued write as `offline.sync` gets it. */
export interface OfflineAction extends PendingAction {
  /** The same as `resourceId`. */
  eventId: string
  /** The event for `create`, the changed fields for `update`, nothing for `delete`. */
  data?: unknown
}

/** A write that was given up. It stays until it is retried or discarded. */
export interface FailedAction extends PendingAction {
  data?: unknown
  error: RealtimeError
  /** What went wrong each time, oldest first, the last ten of them; `error` is the last. */
  errors: readonly { code: string; message: string; timestamp: number }[]
}

/** How far the queue of writes is. */
export interface SyncStatus {
  pendingActions: readonly PendingAction[]
  /** Of what is to be done. What was given up counts in `failed` only. */
  syncProgress: { completed: number; total: number; percentage: number }
  /** How many there are of `getFailedActions()`. */
  failed: number
  storage: 'indexeddb' | 'memory'
  /** What the browser says of the network, a guess. Of the connection, `isConnected()` tells. */
  online: boolean
  /** When a channel was last brought up to date or a write decided, in ms since 1970. */
  lastSyncedAt?: number
}

/** Two versions of one event that do not agree. */
export interface ConflictInfo {
  /** Stays the same until the conflict is resolved, across reloads. */
  id: string
  eventId: string
  /** The event as this user wants it. */
  localVersion: CalendarEvent
  /** The event as it is on the server. */
  remoteVersion: CalendarEvent
  /** What both were made from. */
  baseVersion?: CalendarEvent
  /** What they differ in; `deleted` where a deletion met a change. */
  fields: string[]
  strategy: ConflictStrategy
  /** Which side deleted the event. Its version here is what the event last was. */
  deleted?: 'local' | 'remote'
  /** The values that gave way, of a conflict that was decided by merging. */
  dropped?: DroppedValue[]
}

/** A value that somebody wrote and that is not in the event any more. */
export interface DroppedValue {
  /** Its field, or `deleted` for a deletion that did not come about. */
  field: string
  value: unknown
  side: 'ours' | 'theirs'
  /** The rule that it gave way to. */
  reason: string
}

/** How long something took, in milliseconds. Percentiles are of the nearest rank and off by 3.2 % at most. */
export interface Timing {
  /** How many were measured; without any, the rest is 0. */
  count: number
  p50: number
  p95: number
  p99: number
  /** The longest, exactly. */
  max: number
}

/** What happened since the calendar was made, in numbers. */
export interface RealtimeMetrics {
  /** Attempts to connect; `connects / attempts` is the rate of success. */
  attempts: number
  /**
   * Why: the program's call, the end of a wait after a failure, the page or the network waking up, a new token. Beside
   * them, the times that another transport was tried for the same attempt, or while the first one worked.
   */
  attemptsByCause: { call: number; retry: number; wake: number; signIn: number; transport: number }
  /** Attempts that did not become a usable connection. */
  attemptsFailed: number
  /** Attempts that did. */
  connects: number
  /** Connections among them that took the place of one that was lost. */
  reconnects: number
  /** Those of the last hour, of its last 55 minutes at least. */
  reconnectsPerHour: number
  /** From wanting a connection, by a call or by waking up, until it was usable. */
  connectMs: Timing
  /** From losing a connection until the next was usable. */
  reconnectMs: Timing
  /** The smoothed round trip and its mean deviation, as in RFC 6298; absent until the server answered. */
  roundTripMs?: { smoothed: number; variation: number }
  /** From sending a write until the server's word. */
  decisionMs: Timing
  /**
   * From the server's decision on a change until it was here, live changes of a `baro.v1` server only. Measured on the
   * server's clock, which is known to within half a round trip.
   */
  deliveryMs: Timing
  framesReceived: number
  messagesReceived: number
  messagesSent: number
  /** Bytes of frames, as they were received and sent. */
  bytesReceived: number
  bytesSent: number
  /** Bytes of the frames that were compressed, before and after. */
  bytesBeforeCompression: number
  bytesAfterCompression: number
  /** Frames and messages that were none. */
  malformed: number
  /** Writes that the server did, that were given up, and that are undecided: the depth of the queue. */
  writesAcknowledged: number
  writesRefused: number
  writesPending: number
  /** Age of the oldest undecided write in milliseconds; absent without one. */
  oldestWriteMs?: number
  /** Changes that came again, and times that one was missing or the server missed a write. */
  duplicates: number
  gaps: number
  sequenceGaps: number
  /** Channels resumed where they had been left, and taken whole. */
  recoveries: number
  snapshots: number
  /** Channels taken whole although they had been read: the server could not tell what was missed. */
  resyncs: number
  /** Channels whose content was not the server's although nothing seemed to be missing; they were taken whole. */
  divergences: number
  /** Messages whose acknowledgement did not come in time. */
  timeouts: number
  /** Batches given to storage, and those that it did not take. */
  batches: number
  batchesFailed: number
  /** Times that a listener threw. */
  listenerErrors: number
}

/**
 * One step of the protocol: a word and a few numbers, never a payload, a token, an id of a user or a text of an event.
 * `docs/DIAGNOSTICS.md` of the repository lists the kinds and what each tells.
 */
export interface TraceEntry {
  /** Which step since the calendar was made, from 0. */
  n: number
  /** When, in milliseconds since the calendar was made. */
  at: number
  /** When the last of several, if they were one after the other. */
  until?: number
  kind: string
  /** What is told of it; a number that is 0 is left out. */
  [detail: string]: string | number | readonly string[] | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// Listeners
// ---------------------------------------------------------------------------------------------------------------------

/** Listener type → what a listener of it is called with. */
export interface RealtimeListeners {
  /** The connection's state is another one. */
  'state-change': (state: ConnectionState, previous: ConnectionState) => void
  /** There is a usable connection. */
  connected: () => void
  /** A usable connection ended: with which close code (`docs/ERRORS.md`) and reason. */
  disconnected: (code: number, reason: string) => void
  /** The next attempt, from 1, and in how many milliseconds it is made. */
  reconnecting: (attempt: number, delayMs: number) => void
  /** `reconnect.maxAttempts` are used up; `connect()` goes on. */
  'max-reconnect-attempts': () => void
  /** Changes, presence and messages of types that the package does not know, as they came. */
  message: (message: WebSocketMessage) => void
  /** The server acknowledged a message. */
  'message-acknowledged': (message: WebSocketMessage) => void
  /** At most once a frame. */
  'events-change': (change: { created: string[]; updated: string[]; deleted: string[] }) => void
  /** Remote changes only, as are the next two. */
  'event:created': (event: CalendarEvent) => void
  'event:updated': (event: CalendarEvent) => void
  'event:deleted': (id: string) => void
  /** A project was changed, as the server tells it. */
  'project:updated': (project: unknown) => void
  /** Somebody else is here now. */
  'user:joined': (user: UserPresence) => void
  /** Somebody is not here any more. */
  'user:left': (userId: string) => void
  /** `getActiveUsers()` has something else now. */
  'presence-change': () => void
  /** Somebody points elsewhere. */
  'user:cursor': (cursor: UserCursor) => void
  /** Somebody began or stopped to type in an element. */
  'user:typing': (typing: { userId: string; elementId: string; isTyping: boolean }) => void
  /** Somebody selected something: what he gave to `sendSelection`. */
  'element:selected': (selected: { userId: string; elementId: string; selection: unknown }) => void
  /** Somebody edits an event now, or none (`null`). */
  'user:editing': (editing: { userId: string; eventId: string | null }) => void
  /** Two changed one thing. Of a conflict that waits for somebody it is told again when the other side changes. */
  'conflict:detected': (conflict: ConflictInfo) => void
  /** What came of it; if the event is gone, what it last was. */
  'conflict:resolved': (conflict: ConflictInfo, resolved: CalendarEvent) => void
  /** `getSyncStatus()` has something else now. */
  'sync-status': (status: SyncStatus) => void
  /** A write was given up and taken back; it is in `getFailedActions()`. */
  'sync-failure': (action: FailedAction) => void
  /** Storage fails, and why; everything goes on in memory. */
  'storage-degraded': (reason: string) => void
  /** What went wrong and no promise tells. */
  error: (error: RealtimeError) => void
}

// ---------------------------------------------------------------------------------------------------------------------
// The class
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A calendar that several people edit, in this page at once, on the server as soon as it can be reached.
 *
 * A rejection of what `connect`, `send`, `subscribe` and `flush` return that nobody listens to is no
 * `unhandledrejection`, unless the call itself was wrong.
 */
export declare class RealtimeCalendar {
  /**
   * Makes a calendar; nothing is opened yet.
   * @throws {RealtimeError} `not_initialized` before `init()` has finished, `invalid_config` for a wrong option.
   */
  constructor(config: RealtimeConfig)

  // Connection

  /** Resolves on the first `connected`; rejects with a terminal error only. */
  connect(): Promise<void>
  /** Final until `connect()`; no lifecycle event undoes it. */
  disconnect(): void
  /** Drops the connection, if there is one, and opens another at once. */
  reconnect(): void
  /** The state of the connection; `error` too after the module has failed. */
  getState(): ConnectionState
  /** Whether the state is `connected`. */
  isConnected(): boolean

  // Listeners

  /** Adds a listener and returns its own unsubscribe function. A throwing listener stops nothing else. */
  on<Type extends keyof RealtimeListeners>(type: Type, listener: RealtimeListeners[Type]): () => void
  /** Like `on`, for one call. */
  once<Type extends keyof RealtimeListeners>(type: Type, listener: RealtimeListeners[Type]): () => void
  /** Removes a listener; one that is not there is no mistake. */
  off<Type extends keyof RealtimeListeners>(type: Type, listener: RealtimeListeners[Type]): void

  // Raw messages

  /** Resolves when sent, or with the acknowledgement's payload when one is required. Queued while offline. */
  send(type: string, payload: unknown, options?: { requireAck?: boolean; timeout?: number }): Promise<unknown>

  // Subscriptions, counted: two subscribers to one project make one frame

  /** Resolves when the content of the project is there. Lasts over reconnects, until as many `unsubscribeFromProject`. */
  subscribeToProject(projectId: string): Promise<void>
  /** Takes one subscription back; the last one leaves the project. */
  unsubscribeFromProject(projectId: string): void
  /** `'project:<id>'`, `'calendar:<id>'`, `'lineup:<slug>'`, any string. */
  subscribe(channel: string): Promise<void>
  /** Takes one subscription back; the last one leaves the channel. */
  unsubscribe(channel: string): void

  // Calendar: reads are synchronous and keep their identity (===) until what they show changes

  /**
   * The events that `query` asks for, all without one, own edits included. The array and each event are the same objects
   * until they change.
   */
  getEvents(query?: {
    from?: string | Date
    to?: string | Date
    projectId?: string
    calendarId?: string
  }): readonly CalendarEvent[]
  /** One event as it is shown, own edits included. */
  getEvent(id: string): CalendarEvent | undefined
  /** The event as the server last told it, without the writes that wait for it: what a refusal of them would leave. */
  getConfirmedEvent(id: string): CalendarEvent | undefined
  /** Fits React's `useSyncExternalStore`. */
  subscribeToEvents(listener: () => void): () => void
  /** Shows a new event at once. Throws `invalid_argument` if it is none. */
  createEvent(data: NewCalendarEvent): PendingWrite
  /** Changes fields of an event at once; what is not named stays. Throws `not_found` if there is none of this id. */
  updateEvent(id: string, changes: CalendarEventChanges): PendingWrite
  /** Removes an event at once. Throws `not_found` if there is none of this id. */
  deleteEvent(id: string): PendingWrite
  /** Whether an edit of this event still waits for the server's word. */
  hasPendingWrite(id: string): boolean
  /**
   * Takes the newest own edit of this program back, of the last 100, connected or not; `redo` does it again, until something
   * else is edited. It is a write like any other, merged with what others did since: none of their values is changed by it. An
   * edit of which nothing is left is passed over. `undefined`: there was none.
   */
  undo(): PendingWrite | undefined
  /** Does again what `undo` took back last; `undefined`: there was nothing. */
  redo(): PendingWrite | undefined

  // Presence

  /** Who else is here, by id: the same map until somebody changes. */
  getActiveUsers(): ReadonlyMap<string, UserPresence>
  /** Where everybody else points: the same array until somebody moves. */
  getCursors(): readonly UserCursor[]
  /** Throttled; the newest wins and the last position is always sent. */
  broadcastCursor(position: CursorPosition): void
  /**
   * Tells the others what is selected in an element: anything that is JSON, up to 4 KiB. It holds, for who comes later and after a
   * connection that was away, until `null`.
   */
  sendSelection(elementId: string, selection: unknown): void
  /** Tells the others that typing in an element begins or ends. */
  sendTyping(elementId: string, isTyping: boolean): void
  /** Tells the others which event is edited here, until `null`: as with `sendSelection`. It locks nothing. */
  sendEditing(eventId: string | null): void

  // Offline queue

  /** What earlier programs left unsent is among it as soon as storage has been read; `sync-status` tells. */
  getSyncStatus(): SyncStatus
  /** Writes that were given up, those of earlier programs too. */
  getFailedActions(): readonly FailedAction[]
  /** Tries a write again that was given up: it shows again, and is sent. Throws `not_found` if there is none. */
  retryFailedAction(id: string): void
  /** Forgets a write that was given up. Throws `not_found` if there is none. */
  discardFailedAction(id: string): void
  /** Resolves when nothing is pending. */
  flush(): Promise<void>
  /** What `setCached` kept, unless it is over; `null` then. By user, like all that is stored. */
  getCached<T>(key: string): Promise<T | null>
  /** `ttl` in ms, 3,600,000 by default. */
  setCached<T>(key: string, data: T, ttl?: number): Promise<void>
  /** Forgets all that `setCached` kept. */
  clearCache(): Promise<void>
  /**
   * Deletes everything that is stored of this user, here and for all tabs, and ends his use of this calendar: it shows
   * nothing any more, and calls that write or connect throw `logged_out`. What is not sent yet is sent first (`'flush'`, the
   * default), kept for when he comes back (`'keep'`) or lost (`'discard'`). Where that cannot be done nothing is changed:
   * it rejects with `pending_writes`, `details.pending` of them.
   */
  logout(options?: { pending?: OnPending }): Promise<void>

  // Conflicts

  /** Those that wait for somebody to decide (`manual`), in an array that stays the same until one of them changes. */
  getConflicts(): readonly ConflictInfo[]
  /**
   * Writes the event as it is to be on top of what is there now; `null` deletes it. Who waits for the edits that the
   * conflict is about gets the answer to this one.
   */
  resolveConflict(id: string, resolved: CalendarEvent | null): PendingWrite

  // Diagnostics

  /** What happened since the calendar was made, in numbers: a new object with each call. */
  getMetrics(): RealtimeMetrics
  /** The last 256 steps of the protocol, oldest first. */
  getTrace(): readonly TraceEntry[]
  /** Closes, flushes storage and frees memory. No listener is called any more, and later calls throw. */
  destroy(): Promise<void>
}

// ---------------------------------------------------------------------------------------------------------------------
// Loading
// ---------------------------------------------------------------------------------------------------------------------

/** Where the WebAssembly comes from, for people who host the file themselves. */
export type InitSource = string | URL | Response | BufferSource | WebAssembly.Module
