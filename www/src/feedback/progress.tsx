import { useEffect, useState } from 'react'
import { Icon } from '../part/icon'
import { useConnection, useSource, useSync } from '../live/context'
import { openTab } from '../panel/open'

const shownMax = 3

/** What still has to reach the server. */
export function SyncCard() {
  const { pendingActions, syncProgress } = useSync()
  const { state } = useConnection()
  const online = state === 'connected'
  const shown = useHeld(pendingActions.length > 0, online ? 400 : 0)
  const tab = useSource(openTab)
  // The panel's list says all of this, and more.
  if (!shown || pendingActions.length === 0 || tab === 'sync') return null

  const percentage = Math.round(syncProgress.percentage)
  const more = pendingActions.length - shownMax

  return (
    <section className="sync" aria-label="Unsent changes" data-testid="sync-progress">
      <header>
        <strong>{online ? 'Syncing changes' : 'Waiting for a connection'}</strong>
        <span>
          {online ? `${syncProgress.completed}/${syncProgress.total} · ${percentage}%` : pendingActions.length}
        </span>
      </header>
      <progress max={100} value={percentage} aria-label="Synced" />
      <ul>
        {pendingActions.slice(0, shownMax).map((action) => (
          <li key={action.id}>
            <Icon name={online ? 'sync' : 'waiting'} className={online ? 'spin' : ''} />
            <span>{action.description}</span>
          </li>
        ))}
      </ul>
      {more > 0 && <p>and {more} more</p>}
      <button type="button" className="link" data-testid="sync-details" onClick={() => openTab.set('sync')}>
        Details
      </button>
    </section>
  )
}

/** A write that is answered within a blink is not worth a card that comes and goes. */
function useHeld(wanted: boolean, delayMs: number): boolean {
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (!wanted) {
      setHeld(false)
      return undefined
    }
    const timer = setTimeout(() => setHeld(true), delayMs)
    return () => clearTimeout(timer)
  }, [wanted, delayMs])
  return held
}
