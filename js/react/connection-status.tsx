'use client'
// The state of the connection as a button that tells more. What is read out waits a moment: a connection that is back at once
// is not worth a word.

import {
  type KeyboardEvent,
  type ReactElement,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { classNames } from './class-name.js'
import { connectionError, connectionState } from './connection.js'
import { useSession } from './context.js'
import { useSource } from './source.js'
import { useSettled } from './settled.js'
import { syncStatus } from './sync.js'
import { Unseen } from './unseen.js'
import { useWording, type WordingProps } from './wording.js'

/** What `ConnectionStatus` takes. */
export interface ConnectionStatusProps extends WordingProps {
  className?: string | undefined
  /** Default `true`: a button that opens details with the queue and a way to reconnect. `false`: the state alone. */
  details?: boolean | undefined
}

/** For how long a state has to last to be read out. */
const announcedAfterMs = 1_000

/** The state of the connection, read out when it changes for longer than a moment. */
export function ConnectionStatus({ className, details = true, ...wording }: ConnectionStatusProps): ReactElement {
  const session = useSession('ConnectionStatus')
  const state = useSource(useMemo(() => connectionState(session), [session]))
  const { texts } = useWording(wording)
  const announced = useSettled(state, announcedAfterMs)
  const [isOpen, setIsOpen] = useState(false)
  const whole = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const panel = useId()

  useEffect(() => {
    if (!isOpen) return undefined
    const closeOutside = (event: PointerEvent) => {
      if (!whole.current?.contains(event.target as Node)) setIsOpen(false)
    }
    document.addEventListener('pointerdown', closeOutside)
    return () => document.removeEventListener('pointerdown', closeOutside)
  }, [isOpen])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen) return
    event.stopPropagation()
    setIsOpen(false)
    button.current?.focus()
  }

  const content = (
    <>
      <span className="baro-connection-dot" aria-hidden="true" />
      <span className="baro-connection-text">{texts.state[state]}</span>
    </>
  )
  return (
    <div
      ref={whole}
      className={classNames('baro-connection', className)}
      data-state={state}
      onKeyDown={details ? onKeyDown : undefined}
    >
      {details ? (
        <button
          ref={button}
          type="button"
          className="baro-connection-button"
          aria-expanded={isOpen}
          aria-controls={isOpen ? panel : undefined}
          onClick={() => setIsOpen(!isOpen)}
        >
          {content}
        </button>
      ) : (
        <span className="baro-connection-button">{content}</span>
      )}
      <Unseen role="status">{announced === undefined ? '' : texts.state[announced]}</Unseen>
      {details && isOpen && <Details id={panel} wording={wording} />}
    </div>
  )
}

function Details({ id, wording }: { id: string; wording: WordingProps }): ReactElement {
  const session = useSession('ConnectionStatus')
  const { texts, locale } = useWording(wording)
  const state = useSource(useMemo(() => connectionState(session), [session]))
  const error = useSource(useMemo(() => connectionError(session), [session]))
  const { pendingActions, storage, lastSyncedAt } = useSource(useMemo(() => syncStatus(session), [session]))
  const time = useMemo(() => new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }), [locale])
  const panel = useRef<HTMLDivElement>(null)
  // On the side on which it fits into the window.
  useLayoutEffect(() => {
    if (panel.current !== null && panel.current.getBoundingClientRect().left < 0)
      panel.current.dataset['side'] = 'start'
  }, [])
  return (
    <div ref={panel} id={id} role="group" aria-label={texts.connection} className="baro-connection-details">
      <ul>
        {lastSyncedAt !== undefined && <li>{texts.lastSynced(time.format(lastSyncedAt))}</li>}
        {pendingActions.length > 0 && <li>{texts.waiting(pendingActions.length)}</li>}
        <li>{texts.storage[storage]}</li>
        {error !== undefined && <li className="baro-connection-error">{texts.errors[error.code] ?? error.message}</li>}
      </ul>
      {state !== 'connected' && (
        <button type="button" className="baro-button" onClick={session.reconnect}>
          {texts.reconnect}
        </button>
      )}
    </div>
  )
}
