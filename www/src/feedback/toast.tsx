import { useEffect } from 'react'
import { Icon } from '../part/icon'
import { useSource } from '../live/context'
import { currentNotices, dismiss, type Notice } from './notice'

export function Toasts() {
  const notices = useSource(currentNotices)
  return (
    <div className="toasts" aria-live="polite">
      {notices.map((notice) => (
        <Toast key={notice.id} notice={notice} />
      ))}
    </div>
  )
}

function Toast({ notice }: { notice: Notice }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(notice.id), notice.tone === 'alert' ? 9000 : 4000)
    return () => clearTimeout(timer)
  }, [notice])

  return (
    <div className={`toast toast-${notice.tone}`} role={notice.tone} data-testid="toast">
      <Icon name={notice.tone === 'alert' ? 'alert' : 'check'} />
      <p>{notice.text}</p>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
        <Icon name="close" />
      </button>
    </div>
  )
}
