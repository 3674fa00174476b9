import { useConflicts as useConflictsAndCalls, usePresence, useSyncStatus } from '@baro-calendar/realtime/react'
import { createContext, useContext, useMemo, useSyncExternalStore } from 'react'
import type { Session } from '../session'
import { personOf, type Person } from './people'
import type { Source } from './source'

/** What the page has besides the calendar; the calendar itself is followed with the package's hooks. */
export const SessionContext = createContext<Session | undefined>(undefined)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('There is no open session above this component')
  return session
}

export function useSource<T>(from: Source<T>): T {
  return useSyncExternalStore(from.subscribe, from.get)
}

export const useConnection = () => useSource(useSession().connection)

/** The queue, and what was given up. */
export const useSync = useSyncStatus

/** The conflicts that wait for this person. */
export const useConflicts = () => useConflictsAndCalls().conflicts

/** Everybody else in the projects, by name. Their pointers are no part of it: those move without rendering anything. */
export function usePeople(): readonly Person[] {
  const { activeUsers } = usePresence()
  return useMemo(
    () =>
      [...activeUsers.values()].map(personOf).sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id)),
    [activeUsers],
  )
}
