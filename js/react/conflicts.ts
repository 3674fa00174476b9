'use client'
// The conflicts that wait for somebody to decide.

import { useMemo } from 'react'
import type { CalendarEvent, ConflictInfo } from '../types.js'
import { useSession } from './context.js'
import type { Session } from './session.js'
import { source, useSource } from './source.js'
import { confirmed } from './write.js'

/** What `useConflicts` returns. */
export interface Conflicts {
  /** Oldest first, the same array until one of them changes. */
  readonly conflicts: readonly ConflictInfo[]
  /**
   * Decides one: writes the event as it is to be, `null` to delete it. Resolves with the server's word, and rejects if it
   * is another conflict by then.
   */
  resolveConflict: (id: string, resolved: CalendarEvent | null) => Promise<CalendarEvent>
}

const none: readonly ConflictInfo[] = /* @__PURE__ */ Object.freeze([])

const conflicts = (session: Session) =>
  source(
    session,
    ['conflict:detected', 'conflict:resolved', 'sync-status', 'events-change'],
    (calendar) => calendar.getConflicts(),
    none,
  )

/** The conflicts that wait for somebody to decide, which they do with `conflict: { strategy: 'manual' }`. */
export function useConflicts(): Conflicts {
  const session = useSession('useConflicts')
  const found = useSource(useMemo(() => conflicts(session), [session]))
  return useMemo(
    () => ({
      conflicts: found,
      resolveConflict: (id, resolved) => confirmed(session, (calendar) => calendar.resolveConflict(id, resolved)),
    }),
    [session, found],
  )
}
