'use client'
// The hooks of the original documents. Guarantees that they work without a provider, share one connection, and answer as the
// originals did: a creation without a connection resolves once it is stored. What they show is the business of `../react`.

import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import {
  type RealtimeCalendarOptions,
  type RealtimeCalendarView,
  useRealtimeCalendar as useCalendar,
} from '../react/realtime-calendar.js'
import { withSession } from '../react/context.js'
import type { Session } from '../react/session.js'
import { useSyncStatus as useCalendarSync } from '../react/sync.js'
import type { CalendarEvent, PendingAction, PendingWrite } from '../types.js'
import type { RealtimeCalendar } from '../calendar.js'
import { RealtimeEventSync } from './event-sync.js'
import { type QueueStatus, offlineManager } from './offline.js'
import { within } from './outbound.js'
import { useSharedSession } from './shared-session.js'

/** How long the server may take to answer a creation, as in the original. */
const answerMs = 5000

/**
 * The hook of Story 2.3. Connects unless `autoConnect` is `false`: the original did so only where it was `true`, and each
 * component for itself, so that those which show who is here never saw anybody.
 */
export function useRealtimeCalendar(options: RealtimeCalendarOptions = {}): RealtimeCalendarView {
  const session = useSharedSession(options.autoConnect !== false)
  const view = withSession(session, () => useCalendar(options))
  return useMemo(
    () => ({
      createEventWithSync: (event) => written(session, (calendar) => calendar.createEvent(event)),
      updateEventWithSync: (id, changes) => written(session, (calendar) => calendar.updateEvent(id, changes)),
      deleteEventWithSync: (id) => written(session, (calendar) => calendar.deleteEvent(id)),
      broadcastCursor: view.broadcastCursor,
      reconnect: view.reconnect,
      // Looked up when they are read, so that nobody is rendered for what he does not read.
      get connectionState() {
        return view.connectionState
      },
      get isConnected() {
        return view.isConnected
      },
      get error() {
        return view.error
      },
      get events() {
        return view.events
      },
      get activeUsers() {
        return view.activeUsers
      },
    }),
    [session, view],
  )
}

async function written(session: Session, write: (calendar: RealtimeCalendar) => PendingWrite): Promise<CalendarEvent> {
  const calendar = await session.ready()
  const { id, persisted, confirmed } = write(calendar)
  if (calendar.isConnected()) return within(answerMs, confirmed)
  // What was deleted is not shown any more.
  const shown = calendar.getEvent(id) ?? ({ id } as CalendarEvent)
  await persisted.catch(() => {})
  return shown
}

/** The hook of 8c: keeps the stores that `configure` was given up to date while it is mounted. */
export function useRealtimeSync(): {
  isConnected: boolean
  subscribeToProject: (projectId: string) => void
  unsubscribeFromProject: (projectId: string) => void
} {
  const [sync] = useState(() => new RealtimeEventSync())
  useEffect(() => {
    void sync.connect()
    return () => sync.disconnect()
  }, [sync])
  const { subscribe, isConnected, ...calls } = useMemo(
    () => ({
      subscribe: (changed: () => void) => {
        sync.manager.on('state-change', changed)
        return () => void sync.manager.off('state-change', changed)
      },
      isConnected: () => sync.manager.isConnected(),
      subscribeToProject: (projectId: string) => sync.subscribeToProject(projectId),
      unsubscribeFromProject: (projectId: string) => sync.unsubscribeFromProject(projectId),
    }),
    [sync],
  )
  const connected = useSyncExternalStore(subscribe, isConnected, () => false)
  return useMemo(() => ({ isConnected: connected, ...calls }), [connected, calls.subscribeToProject])
}

/** The hook of 8c: follows a project while it is mounted; none without an id. */
export function useProjectSubscription(projectId?: string): void {
  const { subscribeToProject, unsubscribeFromProject } = useRealtimeSync()
  useEffect(() => {
    if (!projectId) return undefined
    subscribeToProject(projectId)
    return () => unsubscribeFromProject(projectId)
  }, [projectId, subscribeToProject, unsubscribeFromProject])
}

export interface SyncStatusView {
  readonly pendingActions: readonly Pick<
    PendingAction,
    'id' | 'type' | 'resource' | 'description' | 'retryCount' | 'timestamp'
  >[]
  readonly syncProgress: { completed: number; total: number; percentage: number }
}

const emptyQueue: QueueStatus = {
  pendingActions: [],
  syncProgress: { completed: 0, total: 0, percentage: 100 },
  failedActions: [],
}

/** What waits for the server: edits of the calendar, and what `offlineManager` was given. */
export function useSyncStatus(): SyncStatusView {
  const { pendingActions, syncProgress } = withSession(useSharedSession(true), () => useCalendarSync())
  const queue = useSyncExternalStore(
    (changed) => offlineManager.subscribe(changed),
    () => offlineManager.getStatus(),
    () => emptyQueue,
  )
  return useMemo(() => {
    const [edits, actions] = [syncProgress, queue.syncProgress]
    // What is done counts as long as anything of its kind is left.
    const completed = (edits.completed < edits.total ? edits.completed : 0) + actions.completed
    const total = (edits.completed < edits.total ? edits.total : 0) + actions.total
    return {
      pendingActions: [...pendingActions, ...queue.pendingActions],
      syncProgress: { completed, total, percentage: total === 0 ? 100 : Math.floor((completed / total) * 100) },
    }
  }, [pendingActions, syncProgress, queue])
}
