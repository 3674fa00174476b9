// The optimistic layers of a binding, one for each write that waits. Owns their names and their order in the cache, where
// the newest is on top. Guarantees that a layer goes in the same batch in which the cache itself gets what took its place,
// and that no layer that stays hides from a list what comes into it below. Does not know what a layer shows.

import type { NormalizedCache } from './cache.js'

type Update = (cache: NormalizedCache) => void

/** Writes what a layer shows, also again when something below has changed; returns whether it wrote to a list. */
export type Paint = (cache: NormalizedCache) => boolean

interface Layer {
  key: string
  name: string
  paint: Paint
  writesLists: boolean
}

let bindings = 0

export class Layers {
  readonly #cache: NormalizedCache
  /** Apart from those of every other binding and of the program. */
  readonly #prefix = `baro-calendar:${++bindings}:`
  #made = 0
  /** From bottom to top. */
  #layers: Layer[] = []
  /** Layers that something else stands for by now, as soon as `settle` is called. */
  readonly #leaving = new Set<Layer>()
  #isClosed = false

  constructor(cache: NormalizedCache) {
    this.#cache = cache
  }

  /** How many writes have a layer. */
  get size(): number {
    return this.#layers.length - this.#leaving.size
  }

  /** Puts a layer for a write on top; one that it had is to leave. */
  put(key: string, paint: Paint): void {
    if (this.#isClosed) return
    this.drop(key)
    const layer: Layer = { key, name: `${this.#prefix}${key}:${++this.#made}`, paint, writesLists: false }
    // Known before anybody is told of it: who is told may end the binding.
    this.#layers.push(layer)
    this.#cache.batch({
      optimistic: layer.name,
      update: (cache: NormalizedCache) => {
        layer.writesLists = layer.paint(cache)
      },
    })
  }

  /** The layer of a write is to leave, if it has one. */
  drop(key: string): void {
    const layer = this.#layers.find((one) => one.key === key && !this.#leaving.has(one))
    if (layer !== undefined) this.#leaving.add(layer)
  }

  /**
   * Changes the cache itself by `update` and removes what is to leave, the first of it in the same batch. `movesLists`:
   * whether `update` may change a list. `anew`: writes whose layers have to be painted on top of what `update` makes.
   */
  settle(update: Update | undefined, { movesLists = false, anew = [] as readonly string[] } = {}): void {
    // What is above a removed layer is painted anew. A layer that wrote to a list holds it as it was below at that time.
    const lowest = movesLists ? this.#layers.find((layer) => layer.writesLists) : undefined
    const keys = lowest === undefined || this.#leaving.has(lowest) ? anew : [lowest.key, ...anew]
    for (const key of keys) {
      const layer = this.#layers.find((one) => one.key === key && !this.#leaving.has(one))
      if (layer !== undefined) this.put(key, layer.paint)
    }
    const [first, ...others] = this.#layers.filter((layer) => this.#leaving.has(layer))
    this.#layers = this.#layers.filter((layer) => !this.#leaving.has(layer))
    this.#leaving.clear()
    const replaced = first === undefined ? {} : { removeOptimistic: first.name }
    if (update !== undefined) this.#cache.batch({ optimistic: false, update, ...replaced })
    else if (first !== undefined) this.#cache.removeOptimistic(first.name)
    for (const { name } of others) this.#cache.removeOptimistic(name)
  }

  /** Removes all layers as soon as `settle` is called; there will be no more. */
  close(): void {
    this.#isClosed = true
    for (const layer of this.#layers) this.#leaving.add(layer)
  }

  /** Somebody emptied the cache, and the layers with it. */
  forget(): void {
    this.#layers = []
    this.#leaving.clear()
  }
}
