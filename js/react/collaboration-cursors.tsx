'use client'
// The others' cursors over the page or a part of it, and where this user points told to them. React renders one element for
// each who has pointed; where that is drawn is written in animation frames and renders nothing.

import { type CSSProperties, type ReactElement, useEffect, useMemo, useRef, useState } from 'react'
import type { UserPresence } from '../types.js'
import { classNames } from './class-name.js'
import { useSession } from './context.js'
import { CursorMotion } from './cursor-motion.js'
import { type CursorUnit, nowhere, positionOf } from './placement.js'
import { presenceCalls, users } from './presence.js'
import { together, useSource } from './source.js'
import { inkOn } from './user-color.js'

/** What `CollaborationCursors` takes. */
export interface CollaborationCursorsProps {
  className?: string | undefined
  /**
   * What the cursors are over; by default the page. Positions are counted from its content, scrolled parts included, or
   * from the nearest element in it that has `data-cursor-anchor="<name>"`: one that is the same thing on every screen, as
   * a day.
   */
  containerRef?: { readonly current: HTMLElement | null } | undefined
  /** Default `'pixel'`. `'share'`: shares of the width and height, for layouts that are as wide as their window. */
  unit?: CursorUnit | undefined
  /** Whether to tell the others where this user points: `true`. */
  broadcast?: boolean | undefined
}

const nobody: ReadonlySet<string> = /* @__PURE__ */ new Set<string>()

/** Where the others point, and where this user does to them. A cursor that moves renders nothing. */
export function CollaborationCursors({
  className,
  containerRef,
  unit = 'pixel',
  broadcast = true,
}: CollaborationCursorsProps): ReactElement | null {
  const session = useSession('CollaborationCursors')
  const everybody = useSource(useMemo(() => users(session), [session]))
  const [pointing, setPointing] = useState(nobody)
  const layer = useRef<HTMLDivElement>(null)
  const motion = useRef<CursorMotion | null>(null)
  const shown = [...everybody.values()].filter(({ id, status }) => pointing.has(id) && status === 'active')

  useEffect(() => {
    const container = () => containerRef?.current ?? document.documentElement
    const moving = new CursorMotion(() => layer.current, container, unit)
    motion.current = moving
    const seen = new Set<string>()
    const see = (ids: string[]) => {
      const before = seen.size
      for (const id of ids) seen.add(id)
      if (seen.size > before) setPointing(new Set(seen))
    }
    const lookUp = () => {
      const cursors = session.read((calendar) => calendar.getCursors(), [])
      for (const cursor of cursors) moving.point(cursor)
      see(cursors.map(({ userId }) => userId))
    }
    lookUp()
    const stop = together(
      session.subscribe(lookUp),
      session.on('user:cursor', (cursor) => {
        moving.point(cursor)
        see([cursor.userId])
      }),
      session.on('user:left', moving.forget),
    )
    return () => {
      stop()
      moving.end()
      motion.current = null
    }
  }, [session, containerRef, unit])

  // Those who were just rendered are not placed yet.
  useEffect(() => motion.current?.wake())

  useEffect(() => {
    if (!broadcast) return undefined
    const { broadcastCursor } = presenceCalls(session)
    let isInside = false
    const leave = () => {
      if (isInside) broadcastCursor(nowhere)
      isInside = false
    }
    const move = (event: PointerEvent) => {
      // A finger points only while it scrolls or drags, which says nothing to the others.
      if (event.pointerType === 'touch') return
      const container = containerRef?.current ?? document.documentElement
      const position = positionOf(container, event.target, { x: event.clientX, y: event.clientY }, unit)
      if (position === undefined) return leave()
      isInside = true
      broadcastCursor(position)
    }
    window.addEventListener('pointermove', move, { passive: true })
    document.documentElement.addEventListener('pointerleave', leave)
    return () => {
      window.removeEventListener('pointermove', move)
      document.documentElement.removeEventListener('pointerleave', leave)
      leave()
    }
  }, [session, containerRef, unit, broadcast])

  if (shown.length === 0) return null
  return (
    <div ref={layer} aria-hidden="true" className={classNames('baro-cursors', className)} style={overThePage}>
      {shown.map((user) => (
        <Cursor key={user.id} user={user} />
      ))}
    </div>
  )
}

const overThePage: CSSProperties = { position: 'fixed', inset: 0, overflow: 'hidden', pointerEvents: 'none' }

function Cursor({ user }: { user: UserPresence }): ReactElement {
  const style = {
    position: 'absolute',
    left: 0,
    top: 0,
    color: user.color,
    '--baro-user': user.color,
    '--baro-user-ink': inkOn(user.color),
  } as CSSProperties
  return (
    <div className="baro-cursor" data-user-id={user.id} style={style}>
      <svg width="18" height="20" viewBox="0 0 18 20">
        <path d="M1.5 1.5l4.6 15.4 3-6.4 6.6-2.4z" fill="currentColor" stroke="#ffffff" strokeWidth="1.5" />
      </svg>
      <span className="baro-cursor-name">{user.name}</span>
    </div>
  )
}
