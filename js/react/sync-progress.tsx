'use client'
// What is on its way to the server, and what was given up, with a way to try it again. Shows itself only when there is
// something to wait for: an edit that the server confirms at once is not worth a panel.

import { type ReactElement, useEffect, useId, useState } from 'react'
import type { PendingAction } from '../types.js'
import { classNames } from './class-name.js'
import { useConnectionState } from './connection.js'
import { useSettled } from './settled.js'
import { useSyncStatus } from './sync.js'
import type { Texts } from './texts.js'
import { Unseen } from './unseen.js'
import { useWording, type WordingProps } from './wording.js'

/** What `SyncProgress` takes. */
export interface SyncProgressProps extends WordingProps {
  className?: string | undefined
  /** How many changes are named: 3. */
  max?: number | undefined
  /** For how many milliseconds something has to wait before it is shown: 500. */
  delay?: number | undefined
}

/** How far the queue of changes is, and those that were given up, to be tried again or discarded. */
export function SyncProgress({ className, max = 3, delay = 500, ...wording }: SyncProgressProps): ReactElement {
  const { pendingActions, syncProgress, failedActions, retryFailedAction, discardFailedAction } = useSyncStatus()
  const isConnected = useConnectionState() === 'connected'
  const { texts } = useWording(wording)
  const label = useId()
  const waits = pendingActions.length > 0
  const settled = useSettled(waits, delay)
  const isShown = waits && settled === true
  const word = isConnected ? texts.syncing : texts.waiting(pendingActions.length)
  return (
    <div
      className={classNames('baro-sync', className)}
      data-state={isShown ? (isConnected ? 'sending' : 'waiting') : 'idle'}
    >
      <Announcement isShown={isShown} word={word} texts={texts} />
      {isShown && (
        <div className="baro-sync-panel">
          <div className="baro-sync-heading">
            <span id={label}>{word}</span>
            <span aria-hidden="true">
              {syncProgress.completed}/{syncProgress.total}
            </span>
          </div>
          <progress aria-labelledby={label} max={100} value={syncProgress.percentage} />
          <ul className="baro-sync-actions">
            {pendingActions.slice(0, max).map((action) => (
              <li key={action.id}>{described(action, texts)}</li>
            ))}
            {pendingActions.length > max && <li>{texts.moreChanges(pendingActions.length - max)}</li>}
          </ul>
        </div>
      )}
      {failedActions.length > 0 && (
        <div role="group" aria-label={texts.failed(failedActions.length)} className="baro-sync-panel baro-sync-failed">
          <p role="alert">{texts.failed(failedActions.length)}</p>
          <ul className="baro-sync-actions">
            {failedActions.map((action) => (
              <li key={action.id}>
                <span>
                  {described(action, texts)}
                  <small>{texts.errors[action.error.code] ?? action.error.message}</small>
                </span>
                <button
                  type="button"
                  className="baro-button"
                  aria-label={`${texts.retry}: ${described(action, texts)}`}
                  onClick={() => retryFailedAction(action.id)}
                >
                  {texts.retry}
                </button>
                <button
                  type="button"
                  className="baro-button"
                  aria-label={`${texts.discard}: ${described(action, texts)}`}
                  onClick={() => discardFailedAction(action.id)}
                >
                  {texts.discard}
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}

/** Says when something begins to wait and when all of it is done, and nothing in between. */
function Announcement({ isShown, word, texts }: { isShown: boolean; word: string; texts: Texts }): ReactElement {
  const [wasShown, setShown] = useState(false)
  useEffect(() => {
    if (isShown) setShown(true)
  }, [isShown])
  return <Unseen role="status">{isShown ? word : wasShown ? texts.synced : ''}</Unseen>
}

/** An action in the words of the language; the calendar names the title in English quotation marks. */
function described({ type, description }: PendingAction, texts: Texts): string {
  const [, title] = /“([^]*)”$/.exec(description) ?? []
  return title === undefined ? description : texts.action[type](title)
}
