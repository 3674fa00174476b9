'use client'
// The components of the original documents, without a provider. Those of Story 2.3 are the ones of `../react`; those of 8c keep
// the class names that a program's style sheet has rules for.

import { type ReactElement, useEffect, useState } from 'react'
import { ActiveUsersList as Users, type ActiveUsersListProps } from '../react/active-users-list.js'
import { CollaborationCursors as Cursors, type CollaborationCursorsProps } from '../react/collaboration-cursors.js'
import { ConnectionStatus as Status, type ConnectionStatusProps } from '../react/connection-status.js'
import type { UserCursor } from '../types.js'
import { CollaborationManager } from './collaboration.js'
import { useRealtimeSync, useSyncStatus } from './hooks.js'
import { SharedCalendar } from './shared-session.js'

/** Story 2.3: where the others point. */
export function CollaborationCursors(props: CollaborationCursorsProps): ReactElement {
  return (
    <SharedCalendar>
      <Cursors {...props} />
    </SharedCalendar>
  )
}

/** Story 2.3: who is here. */
export function ActiveUsersList(props: ActiveUsersListProps): ReactElement {
  return (
    <SharedCalendar>
      <Users {...props} />
    </SharedCalendar>
  )
}

/** Story 2.3: the state of the connection. */
export function ConnectionStatus(props: ConnectionStatusProps): ReactElement {
  return (
    <SharedCalendar>
      <Status {...props} />
    </SharedCalendar>
  )
}

/** Story 2.3: what waits for the server, of the calendar and of `offlineManager`; nothing while nothing does. */
export function SyncProgress({ className = '' }: { className?: string }): ReactElement | null {
  const { pendingActions, syncProgress } = useSyncStatus()
  if (pendingActions.length === 0) return null
  return (
    <div className={`baro-sync ${className}`.trim()} role="status">
      <div className="baro-sync-panel">
        <div className="baro-sync-heading">
          <span>Syncing changes...</span>
          <span>
            {syncProgress.completed}/{syncProgress.total}
          </span>
        </div>
        <progress aria-label="Syncing changes" max={100} value={syncProgress.percentage} />
        <ul className="baro-sync-actions">
          {pendingActions.slice(0, 3).map(({ id, description }) => (
            <li key={id}>{description}</li>
          ))}
        </ul>
      </div>
    </div>
  )
}

/** 8c: where the others point, and its own user to them. */
export function RealtimeCursors(): ReactElement {
  const [cursors, setCursors] = useState<readonly UserCursor[]>([])
  useEffect(() => {
    const manager = new CollaborationManager()
    const unsubscribe = manager.subscribe(() => setCursors(manager.getCursors()))
    const point = ({ clientX, clientY }: MouseEvent) => manager.sendCursorPosition({ x: clientX, y: clientY })
    document.addEventListener('mousemove', point)
    return () => {
      document.removeEventListener('mousemove', point)
      unsubscribe()
      manager.disconnect()
      setCursors([])
    }
  }, [])
  return (
    <>
      {cursors.map(({ userId, x, y }) => (
        <div
          key={userId}
          className="realtime-cursor"
          style={{ position: 'fixed', left: x, top: y, pointerEvents: 'none', zIndex: 9999 }}
          aria-hidden="true"
        >
          <div className="cursor-pointer" />
          <div className="cursor-label">User {userId.slice(0, 4)}</div>
        </div>
      ))}
    </>
  )
}

/** 8c's `ConnectionStatus`: import it under that name. */
export function RealtimeConnectionStatus(): ReactElement | null {
  const { isConnected } = useRealtimeSync()
  const [isLong, setLong] = useState(false)
  useEffect(() => {
    if (isConnected) return undefined
    const timer = setTimeout(() => setLong(true), 1000)
    return () => {
      clearTimeout(timer)
      setLong(false)
    }
  }, [isConnected])
  if (!isConnected && !isLong) return null
  return (
    <div className={`connection-status ${isConnected ? 'connected' : 'reconnecting'}`} role="status">
      <div className={isConnected ? 'status-indicator' : 'status-indicator pulse'} />
      <span>{isConnected ? '실시간 동기화 활성' : '재연결 중...'}</span>
    </div>
  )
}
