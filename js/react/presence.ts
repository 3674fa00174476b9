'use client'
// Who else is here and what they do. Guarantees that a cursor that moves renders nobody but those who read cursors: it is no
// part of what makes one user differ from another, and is looked up when it is asked for.

import { useMemo } from 'react'
import type { CursorPosition, UserCursor, UserPresence } from '../types.js'
import { useSession } from './context.js'
import { useReading } from './reading.js'
import type { Session } from './session.js'
import { type Source, source, together } from './source.js'

type Users = ReadonlyMap<string, UserPresence>

const nobody: Users = /* @__PURE__ */ new Map<string, UserPresence>()
const nowhere: readonly UserCursor[] = /* @__PURE__ */ Object.freeze([])

/** The others, without their cursors; each of them the same object until something is to be seen of him. */
export function users(session: Session): Source<Users> {
  let known = nobody
  const found = source(
    session,
    ['presence-change', 'user:joined', 'user:left', 'state-change'],
    (calendar) => calendar.getActiveUsers(),
    nobody,
    (before, now) => (known = keepUsers(before, now)),
  )
  // Of somebody who was never announced, the first that is heard may be his cursor.
  const unknown = (changed: () => void) =>
    session.on('user:cursor', ({ userId }) => {
      if (!known.has(userId)) changed()
    })
  return { ...found, subscribe: (changed) => together(found.subscribe(changed), unknown(changed)) }
}

/** Where the others point. */
export const cursors = (session: Session): Source<readonly UserCursor[]> =>
  source(session, ['user:cursor', 'presence-change'], (calendar) => calendar.getCursors(), nowhere, keepCursors)

/** The others with their cursors: news for each movement once a cursor was read, and only then. */
export function usersWithCursors(session: Session): Source<Users> {
  const [plain, pointing] = [users(session), cursors(session)]
  let areRead = false
  let from: readonly [Users, readonly UserCursor[]] = [nobody, nowhere]
  let made = nobody
  const read = () => {
    const now = pointing.get()
    // Whoever reads it now is up to date.
    if (!areRead) from = [from[0], now]
    areRead = true
    return now
  }
  return {
    initial: nobody,
    subscribe: (changed) =>
      together(
        plain.subscribe(changed),
        pointing.subscribe(() => areRead && changed()),
      ),
    get: () => {
      const now = [plain.get(), areRead ? pointing.get() : from[1]] as const
      if (now[0] === from[0] && now[1] === from[1]) return made
      from = now
      made = new Map([...now[0]].map(([id, user]) => [id, withCursor(user, read)]))
      return made
    },
  }
}

function withCursor(user: UserPresence, read: () => readonly UserCursor[]): UserPresence {
  const get = () => read().find(({ userId }) => userId === user.id)
  return Object.defineProperty({ ...user }, 'cursor', { get, enumerable: true, configurable: true })
}

function keepUsers(before: Users, now: Users): Users {
  const kept = new Map<string, UserPresence>()
  let isSame = before.size === now.size
  for (const [id, user] of now) {
    const known = before.get(id)
    const isKnown = known !== undefined && shown(known) === shown(user)
    isSame &&= isKnown
    kept.set(id, isKnown ? known : withoutCursor(user))
  }
  return isSame ? before : kept
}

/** What there is to be seen of somebody. */
const shown = (user: UserPresence): string => JSON.stringify({ ...user, cursor: undefined, lastSeen: undefined })

function withoutCursor(user: UserPresence): UserPresence {
  const copy = { ...user }
  delete copy.cursor
  return copy
}

function keepCursors(before: readonly UserCursor[], now: readonly UserCursor[]): readonly UserCursor[] {
  const isSame = (one: UserCursor, other: UserCursor | undefined) =>
    one.userId === other?.userId &&
    one.x === other.x &&
    one.y === other.y &&
    one.elementId === other.elementId &&
    one.timestamp === other.timestamp
  return before.length === now.length && before.every((cursor, at) => isSame(cursor, now[at])) ? before : now
}

/** What a component can tell of its user. Calls before the calendar is there are dropped: the next one says more. */
export interface PresenceCalls {
  broadcastCursor: (position: CursorPosition) => void
  sendSelection: (elementId: string, selection: unknown) => void
  sendTyping: (elementId: string, isTyping: boolean) => void
  sendEditing: (eventId: string | null) => void
}

/** The calls of a session; the same functions for its lifetime. */
export function presenceCalls(session: Session): PresenceCalls {
  return {
    broadcastCursor: (position) => session.read((calendar) => calendar.broadcastCursor(position), undefined),
    sendSelection: (elementId, selection) =>
      session.read((calendar) => calendar.sendSelection(elementId, selection), undefined),
    sendTyping: (elementId, isTyping) =>
      session.read((calendar) => calendar.sendTyping(elementId, isTyping), undefined),
    sendEditing: (eventId) => session.read((calendar) => calendar.sendEditing(eventId), undefined),
  }
}

/** What `usePresence` returns. */
export interface Presence extends PresenceCalls {
  /**
   * The others by their ids; this user is not among them. `cursor` of each is where he points now. `lastSeen` is that of
   * the last change of anything else.
   */
  readonly activeUsers: ReadonlyMap<string, UserPresence>
  readonly cursors: readonly UserCursor[]
}

/**
 * Who else is here, and what to tell them. A component is rendered for what it reads of it: only those that read a cursor
 * are rendered when one moves.
 */
export function usePresence(): Presence {
  const session = useSession('usePresence')
  const read = useReading(
    useMemo(() => ({ activeUsers: usersWithCursors(session), cursors: cursors(session) }), [session]),
  )
  const calls = useMemo(() => presenceCalls(session), [session])
  return useMemo(
    () => ({
      ...calls,
      get activeUsers() {
        return read('activeUsers')
      },
      get cursors() {
        return read('cursors')
      },
    }),
    [calls, read],
  )
}
