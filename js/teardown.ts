// What a dead instance of the WebAssembly held outside, given back.

import type { Undo } from './glue.js'

const isOpening = (target: object): target is IDBOpenDBRequest => 'onupgradeneeded' in target

/** Does what is on the list, all of it: one that throws does not keep the others. */
export function undoAll(calls: Set<Undo>): void {
  for (const call of calls) {
    calls.delete(call)
    try {
      undo(call)
    } catch {
      // What cannot be given back is gone already.
    }
  }
}

function undo([target, method, ...given]: Undo): void {
  if (isOpening(target) && target.readyState === 'pending') {
    // The connection is not there yet; it is closed when it comes. What was to be done to a database that has to be made
    // first is not done any more, so it is not made.
    target.onupgradeneeded = () => target.transaction?.abort()
    target.onsuccess = () => target.result.close()
    return
  }
  const held = isOpening(target) ? target.result : target
  ;(held as unknown as Record<string, (...given: unknown[]) => unknown>)[method]?.(...given)
}
