/** A value of the calendar that React can follow with `useSyncExternalStore`. */
export interface Source<T> {
  subscribe: (changed: () => void) => () => void
  get: () => T
}

/**
 * Reads again on every notification and keeps the former value where nothing visible changed, so that a component
 * renders only for what it shows. Listens only while somebody looks.
 */
export function source<T>(
  listen: (changed: () => void) => () => void,
  read: (former: T | undefined) => T,
  same: (a: T, b: T) => boolean = Object.is,
): Source<T> {
  const watchers = new Set<() => void>()
  let value = read(undefined)
  let stop: (() => void) | undefined

  const refresh = () => {
    const next = read(value)
    if (same(value, next)) return
    value = next
    for (const watcher of [...watchers]) watcher()
  }

  return {
    get: () => value,
    subscribe(changed) {
      watchers.add(changed)
      if (!stop) {
        stop = listen(refresh)
        refresh()
      }
      return () => {
        watchers.delete(changed)
        if (watchers.size > 0) return
        stop?.()
        stop = undefined
      }
    },
  }
}

/** One unsubscribe function of several. */
export function together(...stops: (() => void)[]): () => void {
  return () => {
    for (const stop of stops) stop()
  }
}
