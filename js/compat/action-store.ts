// The database of `OfflineManager`: the one that Story 2.3 made, under its name and in its version, so that what the original
// left in it is found. Owns opening, reading and writing; guarantees that a write which resolved is committed, and that
// without IndexedDB everything works in memory. Does not know what an action means.

/** An action as the original stored it. `failure` is new: it was given up, and waits for the user. */
export interface StoredAction {
  id: string
  type: 'create' | 'update' | 'delete'
  resource: string
  data: unknown
  /** Milliseconds since 1970. */
  timestamp: number
  retryCount: number
  failure?: { status?: number; message: string }
}

interface CacheEntry {
  key: string
  data: unknown
  expiry: number
}

const databaseName = 'baro-calendar-offline'

export class ActionStore {
  readonly #database: IDBDatabase | undefined
  readonly #memory = { actions: new Map<string, StoredAction>(), cache: new Map<string, CacheEntry>() }

  private constructor(database: IDBDatabase | undefined) {
    this.#database = database
  }

  static async open(): Promise<ActionStore> {
    try {
      return new ActionStore(await openDatabase())
    } catch (cause) {
      console.warn('What is queued is kept in memory only: IndexedDB cannot be used.', cause)
      return new ActionStore(undefined)
    }
  }

  /** All actions, oldest first; of one millisecond in the order in which they were stored. */
  async actions(): Promise<StoredAction[]> {
    const found = await this.#read<StoredAction[]>('actions', (store) => store.getAll())
    const actions = found ?? [...this.#memory.actions.values()]
    return actions.sort((one, other) => one.timestamp - other.timestamp || (one.id < other.id ? -1 : 1))
  }

  async put(...actions: StoredAction[]): Promise<void> {
    if (this.#database === undefined) for (const action of actions) this.#memory.actions.set(action.id, action)
    else await this.#write('actions', (store) => actions.forEach((action) => store.put(action)))
  }

  async remove(id: string): Promise<void> {
    this.#memory.actions.delete(id)
    await this.#write('actions', (store) => store.delete(id))
  }

  async getCached(key: string): Promise<CacheEntry | undefined> {
    return this.#database === undefined
      ? this.#memory.cache.get(key)
      : await this.#read<CacheEntry>('cache', (store) => store.get(key))
  }

  async setCached(entry: CacheEntry): Promise<void> {
    if (this.#database === undefined) this.#memory.cache.set(entry.key, entry)
    else await this.#write('cache', (store) => store.put(entry))
  }

  async clearCache(key?: string): Promise<void> {
    if (key === undefined) this.#memory.cache.clear()
    else this.#memory.cache.delete(key)
    await this.#write('cache', (store) => (key === undefined ? store.clear() : store.delete(key)))
  }

  async #read<Value>(table: string, ask: (store: IDBObjectStore) => IDBRequest): Promise<Value | undefined> {
    if (this.#database === undefined) return undefined
    return (await answer(ask(this.#database.transaction(table).objectStore(table)))) as Value | undefined
  }

  async #write(table: string, act: (store: IDBObjectStore) => void): Promise<void> {
    if (this.#database === undefined) return
    const transaction = this.#database.transaction(table, 'readwrite')
    act(transaction.objectStore(table))
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
  }
}

async function openDatabase(): Promise<IDBDatabase> {
  const opening = indexedDB.open(databaseName, 1)
  opening.onupgradeneeded = () => {
    const database = opening.result
    database.createObjectStore('actions', { keyPath: 'id' }).createIndex('timestamp', 'timestamp')
    database.createObjectStore('cache', { keyPath: 'key' }).createIndex('expiry', 'expiry')
  }
  const database = await answer(opening)
  // A tab with a later version of the program must not wait for this one.
  database.onversionchange = () => database.close()
  return database
}

const answer = <Value>(request: IDBRequest<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
