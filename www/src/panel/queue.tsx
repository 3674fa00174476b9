import type { ConflictInfo, FailedAction, PendingAction } from '@baro-calendar/realtime'
import { useConflicts, useConnection, useSync } from '../live/context'
import { Icon } from '../part/icon'

/** What has not reached the server: on its way, waiting for a person, or given up. */
export function Queue() {
  const { pendingActions, syncProgress, failedActions: failed } = useSync()
  const { state } = useConnection()
  const conflicts = useConflicts()
  const percentage = Math.round(syncProgress.percentage)
  const isIdle = pendingActions.length === 0

  return (
    <div className="queue">
      <section aria-labelledby="queue-head">
        <h3 id="queue-head">
          On the way <span>{pendingActions.length}</span>
        </h3>
        <progress max={100} value={isIdle ? 100 : percentage} aria-label="Synced" />
        <p className="queue-note" data-testid="queue-progress">
          {isIdle
            ? 'Everything has reached the server.'
            : `${syncProgress.completed} of ${syncProgress.total} done, ${percentage}%${
                state === 'connected' ? '' : '; the rest leaves with the next connection'
              }.`}
        </p>
        <ul data-testid="queue">
          {pendingActions.map((action) => (
            <PendingRow key={action.id} action={action} isMoving={state === 'connected'} />
          ))}
        </ul>
      </section>
      {conflicts.length > 0 && (
        <section aria-labelledby="conflicts-head">
          <h3 id="conflicts-head">
            Waiting for you <span>{conflicts.length}</span>
          </h3>
          <ul>
            {conflicts.map((conflict) => (
              <ConflictRow key={conflict.id} conflict={conflict} />
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="failed-head">
        <h3 id="failed-head">
          Given up <span>{failed.length}</span>
        </h3>
        {failed.length === 0 && <p className="queue-note">Nothing was refused.</p>}
        <ul data-testid="failed">
          {failed.map((action) => (
            <FailedRow key={action.id} action={action} />
          ))}
        </ul>
      </section>
    </div>
  )
}

function PendingRow({ action, isMoving }: { action: PendingAction; isMoving: boolean }) {
  return (
    <li className="queue-row">
      <Icon name={isMoving ? 'sync' : 'waiting'} className={isMoving ? 'spin' : ''} />
      <span className="queue-what">{action.description}</span>
      {action.retryCount > 0 && <span className="queue-tries">{`try ${action.retryCount + 1}`}</span>}
    </li>
  )
}

function ConflictRow({ conflict }: { conflict: ConflictInfo }) {
  return (
    <li className="queue-row">
      <Icon name="conflict" />
      <span className="queue-what">{conflict.localVersion.title}</span>
    </li>
  )
}

function FailedRow({ action }: { action: FailedAction }) {
  const { retryFailedAction, discardFailedAction } = useSync()
  return (
    <li className="queue-row failed" data-testid="failed-action">
      <Icon name="alert" />
      <div className="queue-what">
        <strong>{action.description}</strong>
        <p>
          {action.error.message} <code>{action.error.code}</code>
        </p>
        <div className="queue-actions">
          <button
            type="button"
            className="button small"
            data-testid="retry"
            onClick={() => retryFailedAction(action.id)}
          >
            Retry
          </button>
          <button
            type="button"
            className="button small danger"
            data-testid="discard"
            onClick={() => discardFailedAction(action.id)}
          >
            Discard
          </button>
        </div>
      </div>
    </li>
  )
}
