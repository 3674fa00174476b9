// As much of Node's `EventEmitter` as a page needs that had it from a bundler's polyfill. Owns listeners; guarantees that one
// which throws stops no other, and that an `error` nobody listens to is shown in the console and thrown at nobody: Node would
// throw it into whatever was running.

type Listener = (...given: never[]) => void

/** `Events` maps each name to its listener; other names are taken as they are. */
export class EventEmitter<Events extends { [Name in keyof Events]: Listener } = Record<string, Listener>> {
  readonly #added = new Map<string, { listener: Listener; once: boolean }[]>()

  on<Name extends keyof Events & string>(type: Name, listener: Events[Name]): this
  on(type: string, listener: Listener): this
  on(type: string, listener: Listener): this {
    return this.#add(type, listener, false)
  }

  once<Name extends keyof Events & string>(type: Name, listener: Events[Name]): this
  once(type: string, listener: Listener): this
  once(type: string, listener: Listener): this {
    return this.#add(type, listener, true)
  }

  /** Removes the one that was added last, if it was added more than once. */
  off(type: string, listener: Listener): this {
    const entries = this.#added.get(type) ?? []
    const last = entries.filter((entry) => entry.listener === listener).at(-1)
    if (last !== undefined)
      this.#keep(
        type,
        entries.filter((entry) => entry !== last),
      )
    return this
  }

  addListener(type: string, listener: Listener): this {
    return this.on(type, listener)
  }

  removeListener(type: string, listener: Listener): this {
    return this.off(type, listener)
  }

  removeAllListeners(type?: string): this {
    if (type === undefined) this.#added.clear()
    else this.#added.delete(type)
    return this
  }

  listenerCount(type: string): number {
    return this.#added.get(type)?.length ?? 0
  }

  /** Whether anybody listens. */
  emit(type: string, ...given: unknown[]): boolean {
    const entries = this.#added.get(type) ?? []
    for (const entry of entries) {
      // One that an earlier listener removed is not called any more.
      if (!this.#added.get(type)?.includes(entry)) continue
      if (entry.once) this.#keep(type, this.#added.get(type)?.filter((other) => other !== entry) ?? [])
      try {
        ;(entry.listener as (...given: unknown[]) => void)(...given)
      } catch (cause) {
        console.error(cause)
      }
    }
    if (type === 'error' && entries.length === 0) console.error(...given)
    return entries.length > 0
  }

  #add(type: string, listener: Listener, once: boolean): this {
    this.#keep(type, [...(this.#added.get(type) ?? []), { listener, once }])
    return this
  }

  #keep(type: string, entries: { listener: Listener; once: boolean }[]): void {
    if (entries.length === 0) this.#added.delete(type)
    else this.#added.set(type, entries)
  }
}
