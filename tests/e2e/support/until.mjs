// Waiting for what has to become true, instead of for a time in which it probably does.

import { setTimeout as pause } from 'node:timers/promises'

/** A machine that compiles at the same time is slow; nothing here depends on being quick. */
export const patience = 45_000

/** Waits until `condition` gives something true, and returns that. */
export async function until(what, condition) {
  const deadline = performance.now() + patience
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`It did not come to this: ${what}.`)
    await pause(25)
  }
}
