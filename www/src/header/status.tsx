import type { ConnectionState } from '@baro-calendar/realtime'
import { useEffect, useState } from 'react'
import { Icon, type IconName } from '../part/icon'
import { Popover } from '../part/popover'
import { Switch } from '../part/switch'
import { useConnection, useSession, useSource, useSync } from '../live/context'
import { limits, speed, type Speed } from '../network/speed'
import { connect } from '../session'
import { page } from '../page'

const looks: Record<ConnectionState, { text: string; icon: IconName; says: string }> = {
  connected: { text: 'Connected', icon: 'online', says: 'Changes appear for everybody at once.' },
  connecting: { text: 'Connecting', icon: 'sync', says: 'Reaching the server.' },
  reconnecting: { text: 'Reconnecting', icon: 'sync', says: 'The connection was lost. Keep working, nothing is lost.' },
  disconnected: { text: 'Offline', icon: 'offline', says: 'Keep working. Changes are sent when you are back online.' },
  error: { text: 'Error', icon: 'alert', says: 'The server turned the connection down.' },
}

export function Status() {
  const { state } = useConnection()
  const { pendingActions } = useSync()
  const pace = useSource(speed)
  const look = looks[state]
  const waiting = pendingActions.length

  return (
    <>
      <Popover
        id="status-details"
        label="Connection"
        testId="status"
        buttonClass={`status status-${state}`}
        button={
          <>
            <Icon name={look.icon} className={look.icon === 'sync' ? 'spin' : ''} />
            <span className="unseen">Connection: </span>
            <span className="status-text">{look.text}</span>
            {pace !== 'full' && <span className="status-slow">{limits[pace].label}</span>}
            <span className="status-count" data-testid="pending-count" data-empty={waiting === 0 || undefined}>
              {waiting}
            </span>
            <span className="unseen"> unsent</span>
          </>
        }
      >
        <Details />
      </Popover>
      <span className="unseen" role="status">{`Connection: ${look.text}`}</span>
    </>
  )
}

function Details() {
  const { calendar } = useSession()
  const { state, attempt, retryAt } = useConnection()
  const { storage, lastSyncedAt, pendingActions } = useSync()
  const now = useNow()
  const look = looks[state]
  const seconds = retryAt === undefined ? undefined : Math.max(0, Math.ceil((retryAt - now) / 1000))

  return (
    <div className="details">
      <div className="details-head">
        <strong>{look.text}</strong>
        <p>{look.says}</p>
      </div>
      <dl>
        <dt>State</dt>
        <dd data-testid="status-state">{state}</dd>
        <dt>Project</dt>
        <dd>{page.projectId}</dd>
        <dt>Storage</dt>
        <dd>{storage === 'indexeddb' ? 'This browser' : 'Memory only'}</dd>
        <dt>Last sync</dt>
        <dd>{lastSyncedAt === undefined ? 'Not yet' : ago(now - lastSyncedAt)}</dd>
        <dt>Unsent</dt>
        <dd>{pendingActions.length === 0 ? 'None' : pendingActions.length}</dd>
        <dt>Attempts</dt>
        <dd>
          {attempt}
          {seconds !== undefined && `, next ${seconds === 0 ? 'now' : `in ${seconds} s`}`}
        </dd>
      </dl>
      <Switch
        label="Offline"
        hint="Work without the server"
        testId="offline-switch"
        checked={state === 'disconnected'}
        onChange={(offline) => (offline ? calendar.disconnect() : connect(calendar))}
      />
      <Network />
      <button type="button" className="button wide" data-testid="reconnect" onClick={() => calendar.reconnect()}>
        <Icon name="sync" /> Reconnect now
      </button>
    </div>
  )
}

/** How good the line is made to be. */
function Network() {
  const chosen = useSource(speed)
  return (
    <div className="setting">
      <span className="setting-label">Network</span>
      <div className="segments" role="group" aria-label="Network">
        {(Object.keys(limits) as Speed[]).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === chosen}
            data-testid={`network-${name}`}
            onClick={() => speed.set(name)}
          >
            {limits[name].label}
          </button>
        ))}
      </div>
      <p className="setting-note">{limits[chosen].says}</p>
    </div>
  )
}

/** Counts on while the details are open, and only then. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}

function ago(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000)
  if (seconds < 5) return 'Just now'
  if (seconds < 60) return `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`
}
