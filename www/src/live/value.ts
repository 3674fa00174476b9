import type { Source } from './source'

/** A value of the page itself that React can follow. */
export interface Value<T> extends Source<T> {
  set: (next: T) => void
}

export function value<T>(initial: T): Value<T> {
  let current = initial
  const watchers = new Set<() => void>()
  return {
    get: () => current,
    set(next) {
      if (Object.is(next, current)) return
      current = next
      for (const watcher of [...watchers]) watcher()
    },
    subscribe(changed) {
      watchers.add(changed)
      return () => watchers.delete(changed)
    },
  }
}
