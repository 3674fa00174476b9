// The calendars behind the drop-in: one for each address, shared by all who connect there. Owns their making and their end;
// guarantees one socket an address, however many managers, hooks and components there are and however often they are
// mounted, and that nothing is left when the last one has gone. Does not know what its holders do with it.

import { RealtimeCalendar } from '../calendar.js'
import { init } from '../index.js'
import type { RealtimeConfig, RealtimeError } from '../types.js'
import { Capitals } from './capitals.js'
import { Inbox } from './inbox.js'
import { currentSettings } from './settings.js'

/** What the first who connects to an address says about it; of later ones only the address counts. */
export interface ConnectionOptions extends Pick<
  RealtimeConfig,
  'url' | 'protocols' | 'reconnect' | 'heartbeat' | 'auth'
> {
  /**
   * Whether the server may answer nothing, as one of 8c does: it is not asked whether it is there, and silence is no reason to
   * try another transport. By default so where there are callbacks. A `baro.v1` server sets the heartbeat itself.
   */
  isQuiet?: boolean
}

/** A calendar and what comes with it, once it is there. */
export interface Opened {
  readonly calendar: RealtimeCalendar
  readonly capitals: Capitals
  readonly inbox: Inbox
}

const unasked = { interval: 3_600_000, timeout: 600_000 }

/** So long a program has to make the first token. */
const tokenMs = 10_000

const connections = new Map<string, SharedConnection>()

/** Takes part in the connection to an address; it is made if there is none. Give it back with `release`. */
export function holdConnection(options: ConnectionOptions): SharedConnection {
  const { url, token } = separateToken(options.url)
  const key = [url, ...(options.protocols ?? [])].join(' ')
  const auth = { ...(token === undefined ? {} : { token }), ...options.auth }
  const connection = connections.get(key) ?? new SharedConnection(key, { ...options, url, auth })
  connections.set(key, connection)
  return connection.hold()
}

export class SharedConnection {
  readonly #key: string
  #holders = 0
  #ended = false
  readonly opened: Promise<Opened>

  constructor(key: string, options: ConnectionOptions) {
    this.#key = key
    this.opened = this.#open(options)
    this.opened.catch(() => this.forget())
  }

  hold(): this {
    this.#holders += 1
    return this
  }

  /** Whoever comes back within the same task, as React's StrictMode and hot reload do, finds the connection as it was. */
  release(): void {
    this.#holders -= 1
    if (this.#holders > 0) return
    setTimeout(() => {
      if (this.#holders > 0 || this.#ended) return
      this.forget()
      void this.opened.then(
        ({ calendar, capitals }) => {
          capitals.end()
          return calendar.destroy()
        },
        () => {},
      )
    })
  }

  /** The next one gets a new connection: this one has ended, or cannot go on. */
  forget(): void {
    this.#ended = true
    if (connections.get(this.#key) === this) connections.delete(this.#key)
  }

  /** A page that was opened without a network has its WebAssembly when there is one. */
  async #load(): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        return await (currentSettings().init ?? init)()
      } catch (error) {
        if (!(error as RealtimeError).retryable || this.#holders === 0) throw error
        await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 500 * 2 ** failures)))
      }
    }
  }

  async #open({ url, protocols, reconnect, heartbeat, auth, isQuiet = false }: ConnectionOptions): Promise<Opened> {
    await this.#load()
    const { realtime = {} } = currentSettings()
    const signIn = await withToken({ ...realtime.auth, ...auth })
    const calendar = new RealtimeCalendar({
      ...realtime,
      url,
      ...(protocols === undefined ? {} : { protocols }),
      // The original gave up after ten attempts, and nothing but a reload helped.
      reconnect: { maxAttempts: Infinity, ...realtime.reconnect, ...reconnect },
      heartbeat: { ...(isQuiet ? unasked : {}), ...realtime.heartbeat, ...heartbeat },
      ...(isQuiet && realtime.transports === undefined ? { transports: ['websocket' as const] } : {}),
      ...(signIn === undefined ? {} : { auth: signIn }),
      // Of another server nobody may send what waits for this one.
      offline: realtime.offline ?? { databaseName: `baro-calendar-offline/${databaseOf(url)}` },
    })
    const capitals = new Capitals(calendar)
    const inbox = new Inbox(calendar, ({ type }) => capitals.handleMessage(type))
    calendar.on('error', ({ code }) => {
      if (code === 'fatal') this.forget()
    })
    return { calendar, capitals, inbox }
  }
}

/** The original asked for a token before it connected, and went without where that was empty. */
async function withToken(auth: NonNullable<RealtimeConfig['auth']>): Promise<RealtimeConfig['auth'] | undefined> {
  const { refreshToken, token: given, ...rest } = auth
  if (refreshToken === undefined) return given ? { ...rest, token: given } : undefined
  if (given) return { ...rest, token: given, refreshToken }
  try {
    const token = await Promise.race([refreshToken(), tooLate()])
    return token ? { ...rest, token, refreshToken } : undefined
  } catch {
    // The calendar asks again, and says so.
    return { ...rest, refreshToken }
  }
}

const tooLate = (): Promise<never> =>
  new Promise((_, reject) => setTimeout(() => reject(new Error('refreshToken takes too long')), tokenMs))

/** A token in the address, as 8c has it, stands in logs and in the browser's history: it is sent as a message instead. */
function separateToken(given: string): { url: string; token?: string } {
  if (currentSettings().realtime?.auth?.placement === 'query') return { url: given }
  const at = given.indexOf('?')
  const query = new URLSearchParams(at < 0 ? '' : given.slice(at))
  const token = query.get('token')
  if (token === null) return { url: given }
  query.delete('token')
  const rest = query.toString()
  return { url: given.slice(0, at) + (rest === '' ? '' : `?${rest}`), ...(token === '' ? {} : { token }) }
}

const databaseOf = (url: string): string => url.replace(/^\w+:\/\//, '').replace(/\?.*$/, '')
