import type { RealtimeCalendar } from '@baro-calendar/realtime'
import { positionAmong } from '../board/anchor'
import { sight, spotOfShare, type Sight, type Spot } from '../board/spot'
import { page } from '../page'

const stepMs = 50
/** Pixels a millisecond: a hand that knows where it is going. */
const swiftness = 0.75

/** Waits as a person would, at the page's pace. Rejects as soon as the colleague is sent home. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason as Error)
    if (signal.aborted) return end()
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, ms / page.pace)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      end()
    })
  })
}

/** A colleague's pointer: glides where it is told to go and tells the others, as a mouse would. */
export class Hand {
  readonly #calendar: RealtimeCalendar
  readonly #signal: AbortSignal
  #at: Spot | undefined

  constructor(calendar: RealtimeCalendar, signal: AbortSignal) {
    this.#calendar = calendar
    this.#signal = signal
  }

  /** Looks for the place anew with every step: the board may be scrolled, or show another week, meanwhile. */
  async goTo(find: (seen: Sight) => Spot | undefined): Promise<void> {
    const seen = sight.get()
    const first = seen && find(seen)
    if (!seen || !first) return
    const from = this.#at ?? spotOfShare(seen, 1, 0.5)
    const steps = Math.max(3, Math.round(Math.hypot(first.x - from.x, first.y - from.y) / swiftness / stepMs))
    for (let step = 1; step <= steps; step++) {
      const now = sight.get()
      const to = now && find(now)
      if (!now || !to) return
      const share = eased(step / steps)
      this.#at = { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
      const { container, place } = now
      this.#calendar.broadcastCursor({ ...positionAmong(container, this.#at.x, this.#at.y), elementId: place })
      await pause(stepMs, this.#signal)
    }
  }
}

/** Slow at both ends. */
const eased = (share: number) => share * share * (3 - 2 * share)
