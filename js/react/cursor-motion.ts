// The movement of cursors between two positions. Writes transforms in animation frames, and only while something moves:
// nothing is rendered. Guarantees that a cursor stays on what it points at while that is scrolled, and that it jumps where
// people have asked for less motion.

import type { UserCursor } from '../types.js'
import { type CursorUnit, pointOf } from './placement.js'

/** In this time a cursor covers two thirds of the way that is left. */
const easeMs = 50
/** The longest step that is taken to be one frame: a page that was hidden does not catch up in slow motion. */
const frameMsMax = 100

interface Moving {
  cursor: UserCursor
  /** It was told to be elsewhere since it was drawn. */
  isTold: boolean
  /** How far it is drawn from where it is. */
  lag: { x: number; y: number }
  drawn: { x: number; y: number } | undefined
}

export class CursorMotion {
  readonly #layer: () => HTMLElement | null
  readonly #container: () => Element
  readonly #unit: CursorUnit
  readonly #moving = new Map<string, Moving>()
  // Documents that are none of a browser, as in test runners, have neither of the two.
  readonly #stillness: MediaQueryList | undefined = window.matchMedia?.('(prefers-reduced-motion: reduce)')
  readonly #resized = typeof ResizeObserver === 'undefined' ? undefined : new ResizeObserver(() => this.wake())
  #frame = 0
  #before = 0

  /** Moves the children of `layer`, which name their users in `data-user-id`. */
  constructor(layer: () => HTMLElement | null, container: () => Element, unit: CursorUnit) {
    this.#layer = layer
    this.#container = container
    this.#unit = unit
    document.addEventListener('scroll', this.wake, { capture: true, passive: true })
    window.addEventListener('resize', this.wake)
    this.#resized?.observe(container())
  }

  readonly point = (cursor: UserCursor): void => {
    const known = this.#moving.get(cursor.userId)
    if (known === undefined) {
      this.#moving.set(cursor.userId, { cursor, isTold: true, lag: { x: 0, y: 0 }, drawn: undefined })
    } else {
      known.cursor = cursor
      known.isTold = true
    }
    this.wake()
  }

  readonly forget = (userId: string): void => void this.#moving.delete(userId)

  /** Something may be elsewhere. */
  readonly wake = (): void => {
    if (this.#frame !== 0) return
    this.#before = performance.now()
    this.#frame = requestAnimationFrame(this.#draw)
  }

  end(): void {
    cancelAnimationFrame(this.#frame)
    document.removeEventListener('scroll', this.wake, { capture: true })
    window.removeEventListener('resize', this.wake)
    this.#resized?.disconnect()
  }

  readonly #draw = (now: number): void => {
    this.#frame = 0
    const layer = this.#layer()
    if (layer === null) return
    const left = this.#stillness?.matches
      ? 0
      : Math.exp(-Math.min(Math.max(now - this.#before, 0), frameMsMax) / easeMs)
    this.#before = now
    // Measured before anything is written, so that the browser lays out once.
    const [container, origin] = [this.#container(), layer.getBoundingClientRect()]
    const steps = [...layer.children].map((child) => {
      const element = child as HTMLElement
      const one = this.#moving.get(element.dataset['userId'] ?? '')
      return { element, one, point: one && pointOf(container, one.cursor, this.#unit) }
    })
    let moves = false
    for (const { element, one, point } of steps) {
      const isShown = one !== undefined && point?.isVisible === true
      element.style.visibility = isShown ? 'visible' : 'hidden'
      if (one === undefined) continue
      if (!isShown || point === undefined) {
        one.drawn = undefined
        continue
      }
      const { lag } = one
      if (one.drawn === undefined) lag.x = lag.y = 0
      else if (one.isTold) [lag.x, lag.y] = [one.drawn.x - point.x, one.drawn.y - point.y]
      one.isTold = false
      lag.x *= left
      lag.y *= left
      if (Math.abs(lag.x) + Math.abs(lag.y) < 0.5) lag.x = lag.y = 0
      else moves = true
      one.drawn = { x: point.x + lag.x, y: point.y + lag.y }
      const [x, y] = [one.drawn.x - origin.left, one.drawn.y - origin.top]
      element.style.transform = `translate3d(${x.toFixed(1)}px, ${y.toFixed(1)}px, 0)`
    }
    if (moves) this.#frame = requestAnimationFrame(this.#draw)
  }
}
