import { createContext, useContext, useSyncExternalStore } from 'react'
import type { Session } from '../session'
import type { Source } from './source'

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
export const useSync = () => useSource(useSession().sync)
export const useFailed = () => useSource(useSession().failed)
export const useConflicts = () => useSource(useSession().conflicts)
export const usePeople = () => useSource(useSession().people)
