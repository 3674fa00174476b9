import type { UserCursor } from '@baro-calendar/realtime'
import { useEffect, useRef, type CSSProperties, type RefObject } from 'react'
import { inkOn } from '../color'
import { usePeople, useSession } from '../live/context'
import { scale, surfaceOf } from './surface'

interface Moving {
  target: { x: number; y: number }
  shown: { x: number; y: number } | undefined
  place: string | undefined
  movedAt: number
}

/** The time in which a pointer covers two thirds of the way to where it was last told to be. */
const easeMs = 45
const idleMs = 12_000

interface CursorsProps {
  container: RefObject<HTMLElement | null>
  /** What this window shows. A pointer over another week would point at the wrong thing. */
  place: string
}

/**
 * The others' pointers. React places one element a person; every movement after that is a style written in an
 * animation frame, so a pointer never renders anything.
 */
export function Cursors({ container, place }: CursorsProps) {
  const { calendar, identity } = useSession()
  const people = usePeople()
  const layer = useRef<HTMLDivElement>(null)
  const moving = useRef(new Map<string, Moving>())

  useEffect(() => {
    const board = container.current
    const still = matchMedia('(prefers-reduced-motion: reduce)')
    let frame = 0
    let former = 0

    const draw = (now: number) => {
      frame = 0
      if (!board || !layer.current) return
      const surface = surfaceOf(board)
      const share = still.matches ? 1 : 1 - Math.exp(-Math.min(now - former, 100) / easeMs)
      former = now
      let unfinished = false
      for (const element of layer.current.children as Iterable<HTMLElement>) {
        const one = moving.current.get(element.dataset.userId ?? '')
        const visible = one !== undefined && (one.place ?? place) === place && Date.now() - one.movedAt < idleMs
        element.toggleAttribute('data-visible', visible)
        if (!one || !visible) {
          if (one) one.shown = undefined
          continue
        }
        const { target } = one
        const shown = one.shown ?? { ...target }
        shown.x += (target.x - shown.x) * share
        shown.y += (target.y - shown.y) * share
        if (Math.abs(target.x - shown.x) + Math.abs(target.y - shown.y) < 1) Object.assign(shown, target)
        else unfinished = true
        one.shown = shown
        const left = surface.left + (shown.x / scale) * surface.width
        const top = surface.top + (shown.y / scale) * surface.height
        element.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`
      }
      if (unfinished) frame = requestAnimationFrame(draw)
    }

    const wake = () => {
      if (frame !== 0) return
      former = performance.now()
      frame = requestAnimationFrame(draw)
    }

    const take = (cursor: UserCursor, movedAt: number) => {
      if (cursor.userId === identity.id || !Number.isFinite(cursor.x) || !Number.isFinite(cursor.y)) return
      const former = moving.current.get(cursor.userId)
      moving.current.set(cursor.userId, {
        target: { x: cursor.x, y: cursor.y },
        shown: former?.place === cursor.elementId ? former?.shown : undefined,
        place: cursor.elementId,
        movedAt,
      })
      wake()
    }

    for (const cursor of calendar.getCursors()) {
      if (!moving.current.has(cursor.userId)) take(cursor, Date.now())
    }
    const stop = calendar.on('user:cursor', (cursor) => take(cursor, Date.now()))
    // Scrolling and resizing move the surface beneath pointers that stand still.
    const resized = new ResizeObserver(wake)
    if (board) resized.observe(board)
    board?.addEventListener('scroll', wake, { capture: true, passive: true })
    const idle = setInterval(wake, 2000)
    wake()
    return () => {
      stop()
      resized.disconnect()
      board?.removeEventListener('scroll', wake, { capture: true })
      clearInterval(idle)
      cancelAnimationFrame(frame)
    }
  }, [calendar, container, identity.id, place, people])

  return (
    <div ref={layer} className="cursors" aria-hidden="true">
      {people.map((person) => (
        <div
          key={person.id}
          className="cursor"
          data-testid="cursor"
          data-user-id={person.id}
          style={{ '--person': person.color, '--ink': inkOn(person.color) } as CSSProperties}
        >
          <svg viewBox="0 0 16 18">
            <path d="M1.5 1.5l4.4 14 2.7-5.8 6-2.2z" />
          </svg>
          <span>{person.name}</span>
        </div>
      ))}
    </div>
  )
}
