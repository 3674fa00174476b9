// `WebSocketManager` as both documents have it: with listeners (Story 2.3) and with callbacks (8c). Owns what one of them
// subscribed to and what it was given before it connected; guarantees that it behaves as the only one on its connection,
// which it shares. Everything about the connection itself is the calendar's.

import type { RealtimeCalendar } from '../calendar.js'
import { ConnectionState } from '../names.js'
import { realtimeError } from '../error.js'
import type { RealtimeError, WebSocketMessage as Message } from '../types.js'
import { type ConnectionOptions, type Opened, type SharedConnection, holdConnection } from './connection.js'
import { EventEmitter } from './event-emitter.js'
import { type SendOptions, deliver, subscriptionOf } from './outbound.js'

/** A message as the originals type it: their handlers read the payload without looking what it is. */
export type WebSocketMessage<Payload = any> = Message<Payload>

/** What either document configures. Callbacks get messages under the names of 8c, listeners under those of Story 2.3. */
export interface WebSocketConfig extends ConnectionOptions {
  /** 8c: the first delay, as `reconnect.delay`. */
  reconnectInterval?: number
  /** 8c: as `reconnect.maxAttempts`. */
  maxReconnectAttempts?: number
  onMessage?: (message: WebSocketMessage) => void
  onConnect?: () => void
  onDisconnect?: () => void
  onError?: (error: Event) => void
}

/** The listeners of Story 2.3. */
export interface WebSocketListeners {
  'state-change': (state: ConnectionState, previous: ConnectionState) => void
  connected: () => void
  disconnected: (code: number, reason: string) => void
  reconnecting: (attempt: number, delayMs: number) => void
  'max-reconnect-attempts': () => void
  message: (message: WebSocketMessage) => void
  'message-acknowledged': (message: WebSocketMessage) => void
  error: (error: RealtimeError) => void
}

/**
 * A part in the connection to an address, under the methods of both documents. It listens and sends from `connect()` on; what is
 * sent before waits.
 */
export class WebSocketManager extends EventEmitter<WebSocketListeners> {
  readonly #config: WebSocketConfig
  readonly #options: ConnectionOptions
  #connection: SharedConnection | undefined
  #opened: Opened | undefined
  #attempt: Promise<void> = Promise.resolve()
  #state: ConnectionState = ConnectionState.DISCONNECTED
  #attempts = 0
  #undo: (() => void)[] = []
  /** What waits for the calendar to be there. */
  #waiting: ((opened: Opened) => void)[] = []
  /** Channel → the project, if the subscription was spelt as in 8c. */
  readonly #channels = new Map<string, string | undefined>()

  constructor(config: WebSocketConfig) {
    super()
    if (typeof config?.url !== 'string' || config.url === '') {
      throw realtimeError('invalid_argument', `config.url: expected an address, got ${String(config?.url)}`, {
        retryable: false,
      })
    }
    const { url, protocols, heartbeat, auth, reconnectInterval: delay, maxReconnectAttempts: maxAttempts } = config
    const callsBack = config.onMessage ?? config.onConnect ?? config.onDisconnect ?? config.onError
    this.#config = config
    const reconnect = {
      ...(delay === undefined ? {} : { delay }),
      ...(maxAttempts === undefined ? {} : { maxAttempts }),
      ...config.reconnect,
    }
    this.#options = {
      url,
      reconnect,
      isQuiet: config.isQuiet ?? callsBack !== undefined,
      ...(protocols === undefined ? {} : { protocols }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
      ...(auth === undefined ? {} : { auth }),
    }
  }

  /** Resolves when the first attempt is over, whether it succeeded or another one follows. */
  connect(): Promise<void> {
    if (this.#opened !== undefined) {
      // Ends a state of `error`; without one nothing happens.
      void this.#opened.calendar.connect().catch(() => {})
      return this.#attempt
    }
    if (this.#connection !== undefined) return this.#attempt
    const connection = holdConnection(this.#options)
    this.#connection = connection
    this.#setState(ConnectionState.CONNECTING)
    this.#attempt = connection.opened.then(
      (opened) => (this.#connection === connection ? this.#begin(opened) : undefined),
      (error: RealtimeError) => {
        if (this.#connection !== connection) return
        this.#leave()
        this.#setState(ConnectionState.ERROR)
        this.#fail(error)
      },
    )
    return this.#attempt
  }

  /** Ends this manager's part in the connection. What it subscribed to comes back with `connect()`. */
  disconnect(): void {
    const wasConnected = this.isConnected()
    this.#leave()
    this.#setState(ConnectionState.DISCONNECTED)
    if (wasConnected) this.#tellDisconnected(1000, 'Client disconnect')
  }

  /** Opens a new socket, for all who share it. */
  reconnect(): void {
    try {
      if (this.#opened !== undefined) return this.#opened.calendar.reconnect()
    } catch {
      // A calendar that failed for good: the next one takes its place.
      this.#leave()
    }
    void this.connect()
  }

  /**
   * Sends a message, now or when there is a connection. Resolves at once, and with `requireAck` when the server has
   * acknowledged it; rejects if it refuses, or says nothing in `timeout` ms (5000).
   */
  send<Payload = unknown, Answer = void>(type: string, payload: Payload, options?: SendOptions): Promise<Answer>
  send(message: { type: string; payload: unknown }): Promise<void>
  send(
    given: string | { type: string; payload: unknown },
    payload?: unknown,
    options: SendOptions = {},
  ): Promise<never> {
    const message = typeof given === 'string' ? { type: given, payload } : given
    const subscription = subscriptionOf(message)
    const work = (opened: Opened): Promise<unknown> =>
      subscription === undefined
        ? deliver(opened, message, options)
        : this.#follow(opened, subscription.verb, subscription.channel, subscription.capital)
    const answered = this.#whenOpened(work, subscription)
    if (options.requireAck === true && this.#connection !== undefined) return answered as Promise<never>
    answered.catch((error: RealtimeError) => this.#fail(error))
    return Promise.resolve() as Promise<never>
  }

  /** The calendar behind it, which all managers of the address share; none before `connect()` has loaded it. */
  get calendar(): RealtimeCalendar | undefined {
    return this.#opened?.calendar
  }

  getState(): ConnectionState {
    return this.#state
  }

  isConnected(): boolean {
    return this.#state === ConnectionState.CONNECTED
  }

  getConnectionStatus(): { isConnected: boolean; reconnectAttempts: number } {
    return { isConnected: this.isConnected(), reconnectAttempts: this.#attempts }
  }

  #begin(opened: Opened): Promise<void> {
    const { calendar } = opened
    this.#opened = opened
    const over = new Promise<void>((resolve) => {
      this.#undo = [
        calendar.on('state-change', (state) => {
          this.#setState(state)
          if (state !== ConnectionState.CONNECTING) resolve()
        }),
        calendar.on('disconnected', (code, reason) => this.#tellDisconnected(code, reason)),
        calendar.on('reconnecting', (attempt, delayMs) => {
          this.#attempts = attempt
          this.emit('reconnecting', attempt, delayMs)
        }),
        calendar.on('max-reconnect-attempts', () => this.emit('max-reconnect-attempts')),
        calendar.on('message-acknowledged', (message) => this.emit('message-acknowledged', message)),
        calendar.on('error', (error) => this.#fail(error)),
        opened.inbox.add({
          channels: this.#channels,
          take: (message) => {
            this.emit('message', message['story-2.3'])
            this.#call(() => this.#config.onMessage?.(message['8c']))
          },
        }),
        resolve,
      ]
    })
    for (const [channel, capital] of this.#channels) this.#begins(opened, channel, capital)
    for (const work of this.#waiting.splice(0)) work(opened)
    void calendar.connect().catch(() => {})
    this.#setState(calendar.getState())
    return calendar.getState() === ConnectionState.CONNECTING ? over : Promise.resolve()
  }

  #leave(): void {
    for (const undo of this.#undo.splice(0)) undo()
    const [connection, opened] = [this.#connection, this.#opened]
    this.#connection = undefined
    this.#opened = undefined
    if (opened !== undefined) {
      for (const [channel, capital] of this.#channels) this.#ends(opened, channel, capital)
    }
    connection?.release()
  }

  /** A subscription is known before there is a calendar, so that it comes back with each. */
  #follow(opened: Opened, verb: string, channel: string, capital: string | undefined): Promise<unknown> {
    const has = this.#channels.has(channel)
    if (verb === 'subscribe' && !has) {
      this.#channels.set(channel, capital)
      return this.#begins(opened, channel, capital)
    }
    if (verb === 'unsubscribe' && has) {
      const spelt = this.#channels.get(channel)
      this.#channels.delete(channel)
      this.#ends(opened, channel, spelt)
    }
    return Promise.resolve()
  }

  #begins({ calendar, capitals }: Opened, channel: string, capital: string | undefined): Promise<void> {
    if (capital !== undefined) capitals.subscribe(capital)
    const subscribed = calendar.subscribe(channel)
    subscribed.catch((error: RealtimeError) => {
      if (error.code !== 'unsubscribed' && error.code !== 'destroyed') this.#fail(error)
    })
    return subscribed
  }

  #ends({ calendar, capitals }: Opened, channel: string, capital: string | undefined): void {
    if (capital !== undefined) capitals.unsubscribe(capital)
    try {
      calendar.unsubscribe(channel)
    } catch {
      // Of a calendar that failed nothing is left to unsubscribe.
    }
  }

  #whenOpened(
    work: (opened: Opened) => Promise<unknown>,
    subscription: ReturnType<typeof subscriptionOf>,
  ): Promise<unknown> {
    if (this.#opened !== undefined) return work(this.#opened)
    // Of what was not connected yet the last word counts, as the server would have heard it.
    if (subscription?.verb === 'subscribe') this.#channels.set(subscription.channel, subscription.capital)
    else if (subscription !== undefined) this.#channels.delete(subscription.channel)
    if (subscription !== undefined) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push((opened) => void work(opened).then(resolve, reject))
    })
  }

  #setState(state: ConnectionState): void {
    const previous = this.#state
    if (state === previous) return
    this.#state = state
    this.emit('state-change', state, previous)
    if (state !== ConnectionState.CONNECTED) return
    this.#attempts = 0
    this.emit('connected')
    this.#call(() => this.#config.onConnect?.())
  }

  #tellDisconnected(code: number, reason: string): void {
    this.emit('disconnected', code, reason)
    this.#call(() => this.#config.onDisconnect?.())
  }

  #fail(error: RealtimeError): void {
    const { onError } = this.#config
    if (onError === undefined || this.listenerCount('error') > 0) this.emit('error', error)
    this.#call(() => onError?.(new ErrorEvent('error', { error, message: error.message })))
  }

  #call(callback: () => void): void {
    try {
      callback()
    } catch (cause) {
      console.error(cause)
    }
  }
}
