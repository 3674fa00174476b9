import { useEffect, useState } from 'react'
import { Icon } from '../part/icon'
import { colleagues, setWorking } from '../colleague/colleague'
import { useConnection, useSession } from '../live/context'
import { useEvents } from '../live/event'
import { addSamples } from '../sample'
import { secondWindow } from '../page'

const touch = matchMedia('(pointer: coarse)').matches

const invite = () => {
  for (const colleague of colleagues) setWorking(colleague, true)
}

/** What to do with an empty calendar. It waits a moment, because every calendar is empty until it has arrived. */
export function EmptyHint() {
  const { calendar } = useSession()
  const { wasConnected, state } = useConnection()
  const isEmpty = useEvents().length === 0
  const [settled, setSettled] = useState(false)
  const [closed, setClosed] = useState(false)
  const known = isEmpty && (wasConnected || state !== 'connecting')

  useEffect(() => {
    if (!known) {
      setSettled(false)
      return undefined
    }
    const timer = setTimeout(() => setSettled(true), 500)
    return () => clearTimeout(timer)
  }, [known])

  if (!known || !settled || closed) return null
  return (
    <section className="empty" aria-label="Getting started" data-testid="empty">
      <button type="button" className="icon-button empty-close" aria-label="Close" onClick={() => setClosed(true)}>
        <Icon name="close" />
      </button>
      <h3>Nothing planned yet</h3>
      <p>
        {touch ? 'Hold and drag' : 'Drag'} over the calendar to create an event. Drag an event to move it, its lower
        edge to resize it. A second window shows every change at once, and so do simulated colleagues.
      </p>
      <div className="empty-actions">
        <button type="button" className="button primary" data-testid="add-sample" onClick={() => addSamples(calendar)}>
          Add sample events
        </button>
        <button type="button" className="button" data-testid="invite" onClick={invite}>
          Let two colleagues in
        </button>
        <a className="button" href={secondWindow()} target="_blank" rel="noopener">
          Open a second window
        </a>
      </div>
    </section>
  )
}
