// Where a cursor is, for those who look at the same thing in a window of another size, scrolled elsewhere. A position is
// counted from the content of a container or, with an `elementId`, from that element in it. Knows nothing of time.

import type { CursorPosition } from '../types.js'

/**
 * What a position is counted in: CSS pixels, or shares of the width and height of what it is counted from, for layouts that
 * are as wide as their window.
 */
export type CursorUnit = 'pixel' | 'share'

/** Names an element to which cursors over it are anchored: the same thing on every screen, wherever it is there. */
export const anchorAttribute = 'data-cursor-anchor'

/** Where a cursor is that is over nothing that the others have: who looks for its element finds none, and hides it. */
export const nowhere: CursorPosition = { x: 0, y: 0, elementId: 'cursor:nowhere' }

interface Box {
  left: number
  top: number
  width: number
  height: number
}

/** Where a point of the window is to be looked for by others; nothing if it is outside of the container. */
export function positionOf(
  container: Element,
  target: EventTarget | null,
  point: { x: number; y: number },
  unit: CursorUnit,
): CursorPosition | undefined {
  if (!(target instanceof Element) || !container.contains(target)) return undefined
  const anchor = target.closest(`[${anchorAttribute}]`)
  const elementId = anchor !== null && container.contains(anchor) ? nameOf(anchor) : undefined
  const box = elementId === undefined || anchor === null ? contentOf(container) : anchor.getBoundingClientRect()
  const [right, down] = [point.x - box.left, point.y - box.top]
  const position =
    unit === 'pixel'
      ? { x: rounded(right, 10), y: rounded(down, 10) }
      : { x: rounded(right / (box.width || 1), 10_000), y: rounded(down / (box.height || 1), 10_000) }
  return elementId === undefined ? position : { ...position, elementId }
}

/** Where in the window a position is, and whether it can be seen; nothing if its element is not on this screen. */
export function pointOf(
  container: Element,
  { x, y, elementId }: CursorPosition,
  unit: CursorUnit,
): { x: number; y: number; isVisible: boolean } | undefined {
  const anchor = elementId ? anchorOf(container, elementId) : undefined
  if (anchor === null) return undefined
  const box: Box = anchor === undefined ? contentOf(container) : anchor.getBoundingClientRect()
  const [across, down] = unit === 'pixel' ? [1, 1] : [box.width, box.height]
  const point = { x: box.left + x * across, y: box.top + y * down }
  const seen = visibleOf(container)
  const isVisible =
    point.x >= seen.left &&
    point.x <= seen.left + seen.width &&
    point.y >= seen.top &&
    point.y <= seen.top + seen.height
  return { ...point, isVisible }
}

const nameOf = (anchor: Element): string | undefined => anchor.getAttribute(anchorAttribute) || anchor.id || undefined

// The id came from outside: escaped, it can name an element and nothing else.
function anchorOf(container: Element, elementId: string): Element | null {
  const name = CSS.escape(elementId)
  return container.querySelector(`[${anchorAttribute}="${name}"], #${name}`)
}

const isPage = (container: Element): boolean => container === document.documentElement

/** The content of a container, of which a part may be scrolled out of sight. */
function contentOf(container: Element): Box {
  const { left, top } = container.getBoundingClientRect()
  const { scrollWidth: width, scrollHeight: height } = container
  // The page as a whole is moved by scrolling, what is in a box moves within it.
  if (isPage(container)) return { left, top, width, height }
  return {
    left: left + container.clientLeft - container.scrollLeft,
    top: top + container.clientTop - container.scrollTop,
    width,
    height,
  }
}

function visibleOf(container: Element): Box {
  if (isPage(container)) return { left: 0, top: 0, width: window.innerWidth, height: window.innerHeight }
  return container.getBoundingClientRect()
}

const rounded = (value: number, steps: number): number => Math.round(value * steps) / steps
