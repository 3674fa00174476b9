import type { WebSocketMessage } from './types.js'

/**
 * Collects messages and hands them over together: when `batchSize` (10) are there, or `batchDelay` (100 ms) after the
 * first of them.
 */
export class MessageBatcher {
  readonly #send: (messages: WebSocketMessage[]) => void
  readonly #batchSize: number
  readonly #batchDelay: number
  #batch: WebSocketMessage[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `send` gets what was added, in order: `batchSize` messages (10) at once, or what there is after `batchDelay` ms (100). */
  constructor(send: (messages: WebSocketMessage[]) => void, options: { batchSize?: number; batchDelay?: number } = {}) {
    this.#send = send
    this.#batchSize = options.batchSize ?? 10
    this.#batchDelay = options.batchDelay ?? 100
  }

  /** Adds a message, and sends all of them if that fills the batch. */
  add(message: WebSocketMessage): void {
    this.#batch.push(message)
    if (this.#batch.length >= this.#batchSize) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), this.#batchDelay)
  }

  /** Hands over what is there, now. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#batch.length === 0) return
    const messages = this.#batch
    // Emptied before the call: a message that `send` adds belongs to the next batch, and a throw repeats none.
    this.#batch = []
    this.#send(messages)
  }
}
