import type { RealtimeCalendar } from '@baro-calendar/realtime'
import { useEffect } from 'react'
import { notify } from '../feedback/notice'
import { useSession } from '../live/context'
import { Icon } from '../part/icon'

type Step = 'undo' | 'redo'

function take(calendar: RealtimeCalendar, step: Step): void {
  const write = calendar[step]()
  if (!write) return notify('status', step === 'undo' ? 'There is nothing to undo.' : 'There is nothing to redo.')
  write.confirmed.catch((error: Error) =>
    notify('alert', `${step === 'undo' ? 'Undo' : 'Redo'} was refused. ${error.message}`),
  )
}

/** Text fields have an undo of their own, and what a dialog holds is not written yet. */
function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, dialog, [contenteditable]') !== null
}

function stepOf(event: KeyboardEvent): Step | undefined {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return undefined
  const key = event.key.toLowerCase()
  if (key === 'z') return event.shiftKey ? 'redo' : 'undo'
  return key === 'y' && event.ctrlKey ? 'redo' : undefined
}

/** Takes own edits back, one by one: by button, Ctrl+Z and Ctrl+Shift+Z. What others did since stays. */
export function History() {
  const { calendar } = useSession()

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const step = stepOf(event)
      if (!step || isElsewhere(event.target)) return
      event.preventDefault()
      take(calendar, step)
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [calendar])

  return (
    <div className="history">
      <button
        type="button"
        className="icon-button"
        aria-label="Undo"
        title="Undo (Ctrl+Z)"
        aria-keyshortcuts="Control+Z Meta+Z"
        data-testid="undo"
        onClick={() => take(calendar, 'undo')}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Redo"
        title="Redo (Ctrl+Shift+Z)"
        aria-keyshortcuts="Control+Shift+Z Meta+Shift+Z"
        data-testid="redo"
        onClick={() => take(calendar, 'redo')}
      >
        <Icon name="redo" />
      </button>
    </div>
  )
}
