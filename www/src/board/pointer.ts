import { useEffect, type RefObject } from 'react'
import { useSession } from '../live/context'
import { toSurface } from './surface'

/** A pointer that has left the calendar; nobody's view goes by this name. */
const nowhere = 'board:none'

/** Tells the others where this person points. The calendar itself spaces the messages out. */
export function usePointer(container: RefObject<HTMLElement | null>, place: string): void {
  const { calendar } = useSession()

  useEffect(() => {
    const element = container.current
    if (!element) return undefined
    const move = (event: PointerEvent) => {
      // A finger points only while it scrolls or drags, which says nothing to the others.
      if (event.pointerType === 'touch') return
      calendar.broadcastCursor({ ...toSurface(element, event.clientX, event.clientY), elementId: place })
    }
    const leave = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') calendar.broadcastCursor({ x: 0, y: 0, elementId: nowhere })
    }
    element.addEventListener('pointermove', move, { passive: true })
    element.addEventListener('pointerleave', leave)
    return () => {
      element.removeEventListener('pointermove', move)
      element.removeEventListener('pointerleave', leave)
    }
  }, [calendar, container, place])
}
