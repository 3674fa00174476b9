// `OfflineManager` of Story 2.3: requests for any resource of the program's REST interface, kept until they are done. Owns
// their order and what an answer means; guarantees that an action is stored before `queueAction` resolves, that actions go one
// after the other in their order and by one tab only, that no outage makes one fail, and that what the server refuses is kept
// for the user. The calendar's own edits do not come this way: `createEvent` and the others have a queue in the core.

import { ActionStore, type StoredAction } from './action-store.js'
import { currentSettings } from './settings.js'
import { isObject } from './spelling.js'

/** What `queueAction` takes. `data` is the request's body; for `update` and `delete` its `id` names what is meant. */
export interface QueuedAction {
  type: 'create' | 'update' | 'delete'
  resource: string
  data: unknown
}

/** What is in the queue, and how far it is. The object is the same until something changes. */
export interface QueueStatus {
  readonly pendingActions: readonly (StoredAction & { description: string })[]
  readonly syncProgress: { completed: number; total: number; percentage: number }
  readonly failedActions: readonly StoredAction[]
}

/** Answers of the server that are held against an action before it is given up. */
const maxRetries = 3
const retryMs = 1000
const retryMsMax = 30_000
const requestMsMax = 30_000
const lockName = 'baro-calendar-offline/actions'

const methods = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const

/** Story 2.3: a queue of requests to the program's REST interface, which outlives the page. */
export class OfflineManager {
  #store: ActionStore | undefined
  #opening: Promise<ActionStore> | undefined
  #actions: StoredAction[] = []
  #completed = 0
  #running = false
  #again = false
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #last = 0
  #status: QueueStatus | undefined
  readonly #listeners = new Set<() => void>()

  /** Opens the database and begins to send. Safe to call many times; every other method does it by itself. */
  async initialize(): Promise<void> {
    await this.#open()
  }

  /** Stores an action, and sends it when its turn comes. Resolves once it survives a crash of the page. */
  async queueAction(action: QueuedAction): Promise<void> {
    const store = await this.#open()
    // Of actions of one millisecond the id tells the order.
    const timestamp = (this.#last = Math.max(Date.now(), this.#last + 1))
    const random = Math.random().toString(36).slice(2)
    const { type, resource, data } = action
    await store.put({ type, resource, data, id: `${timestamp.toString(36)}-${random}`, timestamp, retryCount: 0 })
    await this.#reread(store)
    this.#soon(0)
  }

  getStatus(): QueueStatus {
    this.#status ??= this.#makeStatus()
    return this.#status
  }

  /** Has `listener` called when `getStatus()` gives something else. */
  subscribe(listener: () => void): () => void {
    const added = (): void => listener()
    this.#listeners.add(added)
    return () => this.#listeners.delete(added)
  }

  /** Sends an action that was given up once more. */
  async retryFailedAction(id: string): Promise<void> {
    const store = await this.#open()
    const found = this.#actions.find((action) => action.id === id && action.failure !== undefined)
    if (found === undefined) return
    const { failure: _, ...action } = found
    await store.put({ ...action, retryCount: 0 })
    await this.#reread(store)
    this.#soon(0)
  }

  async discardFailedAction(id: string): Promise<void> {
    const store = await this.#open()
    if (!this.#actions.some((action) => action.id === id && action.failure !== undefined)) return
    await store.remove(id)
    await this.#reread(store)
  }

  async getCached<Data>(key: string): Promise<Data | null> {
    const store = await this.#open()
    const entry = await store.getCached(key)
    if (entry === undefined) return null
    if (entry.expiry > Date.now()) return entry.data as Data
    await store.clearCache(key)
    return null
  }

  /** `ttl` in ms. */
  async setCached<Data>(key: string, data: Data, ttl = 3_600_000): Promise<void> {
    const store = await this.#open()
    await store.setCached({ key, data, expiry: Date.now() + ttl })
  }

  async clearCache(): Promise<void> {
    await (await this.#open()).clearCache()
  }

  #open(): Promise<ActionStore> {
    this.#opening ??= ActionStore.open().then(async (store) => {
      this.#store = store
      await this.#reread(store)
      window.addEventListener('online', () => this.#soon(0))
      this.#soon(0)
      return store
    })
    return this.#opening
  }

  async #reread(store: ActionStore): Promise<void> {
    this.#actions = await store.actions()
    this.#status = undefined
    for (const listener of [...this.#listeners]) listener()
  }

  #soon(delayMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#run(), delayMs)
  }

  async #run(): Promise<void> {
    const store = this.#store
    if (store === undefined) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = true
    try {
      await alone(() => this.#drain(store))
    } catch (cause) {
      console.error(cause)
      this.#failures += 1
    } finally {
      this.#running = false
    }
    if (this.#again) {
      this.#again = false
      this.#soon(0)
    } else if (this.#failures > 0) this.#soon(backoff(this.#failures))
  }

  /** Until the queue is empty, or its first action has to wait. */
  async #drain(store: ActionStore): Promise<void> {
    for (;;) {
      // Another tab may have added some, or done them.
      await this.#reread(store)
      const action = this.#actions.find(({ failure }) => failure === undefined)
      if (action === undefined) {
        this.#failures = 0
        this.#completed = 0
        this.#status = undefined
        return
      }
      if (!(await this.#try(store, action))) return
    }
  }

  /** Whether the next one's turn has come. */
  async #try(store: ActionStore, action: StoredAction): Promise<boolean> {
    const answer = await request(action)
    if (answer.outcome === 'done') {
      this.#failures = 0
      this.#completed += 1
      await this.#takeId(store, action, answer.id)
      await store.remove(action.id)
      return true
    }
    const retryCount = action.retryCount + (answer.counts ? 1 : 0)
    if (answer.outcome === 'later' && retryCount < maxRetries) {
      this.#failures += 1
      if (answer.counts) await store.put({ ...action, retryCount })
      return false
    }
    const { status, message } = answer
    const failure = status === undefined ? { message } : { status, message }
    const failed = { ...action, retryCount, failure }
    await store.put(failed)
    await this.#reread(store)
    console.error('Sync failed:', failed)
    window.dispatchEvent(new CustomEvent('sync-failure', { detail: failed }))
    return true
  }

  /** What was created under a temporary id has the server's from now on, also for the actions that wait. */
  async #takeId(store: ActionStore, created: StoredAction, id: unknown): Promise<void> {
    const before = idOf(created.data)
    if (created.type !== 'create' || before === undefined || id === undefined || id === before) return
    const about = (await store.actions()).filter(
      (action) => action.id !== created.id && action.resource === created.resource && idOf(action.data) === before,
    )
    await store.put(...about.map((action) => ({ ...action, data: { ...(action.data as object), id } })))
  }

  #makeStatus(): QueueStatus {
    const waiting = this.#actions.filter(({ failure }) => failure === undefined)
    const total = this.#completed + waiting.length
    return {
      pendingActions: waiting.map((action) => ({ ...action, description: describe(action) })),
      syncProgress: {
        completed: this.#completed,
        total,
        percentage: total === 0 ? 100 : Math.floor((this.#completed / total) * 100),
      },
      failedActions: this.#actions.filter(({ failure }) => failure !== undefined),
    }
  }
}

/** The one of the page. */
export const offlineManager = /* @__PURE__ */ new OfflineManager()

interface Answer {
  outcome: 'done' | 'later' | 'never'
  /** Whether it is held against the action: an outage is not. */
  counts: boolean
  message: string
  status?: number
  id?: unknown
}

// Of 4xx these mean: not now.
const laterStatus = [401, 408, 423, 425, 429]

async function request({ id, type, resource, data }: StoredAction): Promise<Answer> {
  const { base = '/api', fetch: send = (address: string, given: RequestInit) => fetch(address, given) } =
    currentSettings().requests ?? {}
  const named = type === 'create' ? '' : `/${encodeURIComponent(String(idOf(data)))}`
  const body = type === 'delete' ? {} : { body: JSON.stringify(data) }
  try {
    const response = await send(`${base}/${resource}${named}`, {
      method: methods[type],
      // A request whose answer got lost is told from a second one.
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': `${id}:1` },
      signal: AbortSignal.timeout(requestMsMax),
      ...body,
    })
    const { ok, status } = response
    if (ok)
      return { outcome: 'done', counts: false, message: '', id: idOf(await response.json().catch(() => undefined)) }
    // What is gone already needs no deleting.
    if (type === 'delete' && (status === 404 || status === 410)) return { outcome: 'done', counts: false, message: '' }
    const message = `${methods[type]} ${base}/${resource}: ${status} ${response.statusText}`
    const final = status >= 400 && status < 500 && !laterStatus.includes(status)
    const unavailable = status === 502 || status === 503 || status === 504
    return { outcome: final ? 'never' : 'later', counts: status >= 500 && !unavailable, status, message }
  } catch (cause) {
    return { outcome: 'later', counts: false, message: String(cause) }
  }
}

const idOf = (data: unknown): unknown => (isObject(data) ? data['id'] : undefined)

function describe({ type, resource, data }: StoredAction): string {
  const title = isObject(data) ? (data['title'] ?? data['name'] ?? data['id']) : undefined
  return `${type} ${resource}${title === undefined ? '' : `: ${String(title)}`}`
}

/** Full jitter, so that not all pages come at once. */
const backoff = (failures: number): number =>
  retryMs / 2 + Math.random() * Math.min(retryMsMax, retryMs * 2 ** (failures - 1))

/** As the only tab that does so, where the browser can tell. */
async function alone(work: () => Promise<void>): Promise<void> {
  if (typeof navigator.locks === 'undefined') await work()
  else await navigator.locks.request(lockName, work)
}
