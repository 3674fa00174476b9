'use client'
// Subscriptions to projects, for as long as a component is mounted.

import { useEffect, useMemo, useRef, useState } from 'react'
import type { RealtimeError } from '../types.js'
import { connectionState } from './connection.js'
import { useSession } from './context.js'
import type { Session } from './session.js'
import { useSource } from './source.js'

/** What `useProjectSubscription` returns. */
export interface ProjectSubscription {
  /** Whether the events of the project are here. */
  readonly isSubscribed: boolean
  /** Why they are not to be had: `forbidden`, … */
  readonly error: RealtimeError | undefined
}

const open: ProjectSubscription = /* @__PURE__ */ Object.freeze({ isSubscribed: false, error: undefined })
const subscribed: ProjectSubscription = /* @__PURE__ */ Object.freeze({ isSubscribed: true, error: undefined })

/**
 * Subscribes to a project while the component is mounted; to none without an id. Several components that subscribe to one
 * project share a subscription.
 */
export function useProjectSubscription(projectId?: string): ProjectSubscription {
  const session = useSession('useProjectSubscription')
  const [state, setState] = useState(open)
  useEffect(() => {
    if (projectId === undefined || projectId === '') return undefined
    const stop = session.subscribeToProject(projectId, (error) =>
      setState(error === undefined ? subscribed : { isSubscribed: false, error }),
    )
    return () => {
      stop()
      setState(open)
    }
  }, [session, projectId])
  return state
}

/** Subscribes to a project; a refusal is an error that nobody asked for. */
export function useProject(session: Session, projectId: string | undefined): void {
  useEffect(() => {
    if (projectId === undefined || projectId === '') return undefined
    return session.subscribeToProject(projectId, (error) => {
      if (error !== undefined) session.onError(error)
    })
  }, [session, projectId])
}

/** What `useRealtimeSync` returns. */
export interface RealtimeSync {
  readonly isConnected: boolean
  /**
   * Subscribes until `unsubscribeFromProject`, at most until the component is unmounted. Resolves when the events of the
   * project are here; rejects if they are not to be had.
   */
  subscribeToProject: (projectId: string) => Promise<void>
  unsubscribeFromProject: (projectId: string) => void
}

/** Whether there is a connection, and subscriptions by call. `useProjectSubscription` is less to write. */
export function useRealtimeSync(): RealtimeSync {
  const session = useSession('useRealtimeSync')
  const isConnected = useSource(useMemo(() => connectionState(session), [session])) === 'connected'
  const held = useRef(new Map<string, (() => void)[]>())
  useEffect(() => {
    const stops = held.current
    return () => {
      for (const stop of [...stops.values()].flat()) stop()
      stops.clear()
    }
  }, [session])
  const calls = useMemo(
    () => ({
      subscribeToProject: (projectId: string) => {
        const done = new Promise<void>((resolve, reject) => {
          const stop = session.subscribeToProject(projectId, (error) =>
            error === undefined ? resolve() : reject(error),
          )
          held.current.set(projectId, [...(held.current.get(projectId) ?? []), stop])
        })
        // One that nobody listens to is no unhandled rejection, as with the calendar's own.
        done.catch(() => {})
        return done
      },
      unsubscribeFromProject: (projectId: string) => {
        const stops = held.current.get(projectId) ?? []
        stops.pop()?.()
        if (stops.length === 0) held.current.delete(projectId)
      },
    }),
    [session],
  )
  return useMemo(() => ({ isConnected, ...calls }), [isConnected, calls])
}
