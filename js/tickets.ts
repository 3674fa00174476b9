// Promises for what the core answers later. The core names each by a number, and may answer before the number is read.

type Answer = { error: unknown; value: unknown }

export class Tickets {
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  readonly #early = new Map<number, Answer>()
  readonly #adopted = new Set<(error: unknown) => void>()

  /** The promise of a ticket. A rejection that nobody listens to is not reported as unhandled. */
  promise<Value>(ticket: number): Promise<Value> {
    const promise = new Promise<Value>((resolve, reject) => {
      this.#waiting.set(ticket, { resolve: resolve as (value: unknown) => void, reject })
    })
    promise.catch(() => {})
    const early = this.#early.get(ticket)
    if (early !== undefined) {
      this.#early.delete(ticket)
      this.settle(ticket, early.error, early.value)
    }
    return promise
  }

  /** What `promise` ends with, unless all are given up before. */
  adopt<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      this.#adopted.add(reject)
      void promise.then(resolve, reject).finally(() => this.#adopted.delete(reject))
    })
  }

  /** Nothing will be answered any more. */
  abandon(error: unknown): void {
    const rejects = [...[...this.#waiting.values()].map(({ reject }) => reject), ...this.#adopted]
    this.#waiting.clear()
    this.#adopted.clear()
    for (const reject of rejects) reject(error)
  }

  settle(ticket: number, error: unknown, value: unknown): void {
    const waiting = this.#waiting.get(ticket)
    this.#waiting.delete(ticket)
    if (waiting === undefined) this.#early.set(ticket, { error, value })
    else if (error === undefined) waiting.resolve(value)
    else waiting.reject(error)
  }
}
