import { useCallback, useEffect, type RefObject } from 'react'
import { useSession } from '../live/context'

/**
 * What pointers are anchored to: the part of a view that holds the days, under the name of the view and its first day, and
 * around it the view. So a pointer at ten o'clock is at ten o'clock for everybody, however wide the window and however far
 * it is scrolled, and nowhere in the window of somebody who looks at another week.
 */
const attribute = 'data-cursor-anchor'

const daysOf = (container: HTMLElement): Element | null =>
  container.querySelector('.fc-timegrid-cols') ?? container.querySelector('.fc-daygrid-body, .fc-list-table')

/** A pointer that has left the calendar; nothing is called so. */
const nowhere = { x: 0, y: 0, elementId: 'board:none' }

/** Names what is shown. Returns what to call when the calendar component has made a view anew. */
export function useAnchors(container: RefObject<HTMLElement | null>, place: string): () => void {
  const { calendar } = useSession()

  const name = useCallback(() => {
    if (!container.current) return
    container.current.querySelector('.fc-view')?.setAttribute(attribute, `${place}:view`)
    daysOf(container.current)?.setAttribute(attribute, place)
  }, [container, place])

  useEffect(name)

  useEffect(() => {
    const element = container.current
    if (!element) return undefined
    const leave = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') calendar.broadcastCursor(nowhere)
    }
    element.addEventListener('pointerleave', leave)
    return () => element.removeEventListener('pointerleave', leave)
  }, [calendar, container])

  return name
}

/** A point of the window as a position among the days, in shares of their width and height. */
export function positionAmong(container: HTMLElement, x: number, y: number): { x: number; y: number } {
  const { left, top, width, height } = (daysOf(container) ?? container).getBoundingClientRect()
  const share = (distance: number, length: number) => Math.round((distance / (length || 1)) * 10_000) / 10_000
  return { x: share(x - left, width), y: share(y - top, height) }
}
