import { limits, speed } from './speed'

/**
 * One direction of a connection. What passes keeps its order, whatever the speed is changed to meanwhile, and each frame
 * leaves only after the one before it has left.
 */
export class Line {
  #queue: { bytes: number; deliver: () => void }[] = []
  #freeAt = 0
  #arrivesAt = 0

  /** Bytes that are on their way. */
  get bytes(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Whether what passes now passes at once. */
  get isOpen(): boolean {
    return this.#queue.length === 0 && speed.get() === 'full'
  }

  pass(bytes: number, deliver: () => void): void {
    if (this.isOpen) return deliver()
    const { delayMs, bytesPerMs } = limits[speed.get()]
    const now = performance.now()
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / bytesPerMs
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#freeAt + delayMs)
    this.#queue.push({ bytes, deliver })
    // Each timer takes the oldest, not its own: timers that are due together keep no order.
    setTimeout(() => this.#queue.shift()?.deliver(), this.#arrivesAt - now)
  }
}
