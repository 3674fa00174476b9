import { useState } from 'react'
import { useSession } from '../live/context'
import type { Span } from '../time'
import { follow } from '../write'
import { Dialog } from './dialog'
import { draftOfSpan, eventOf, faultOf } from './draft'
import { Fields } from './field'

export function CreateDialog({ span, onClose }: { span: Span; onClose: () => void }) {
  const { calendar } = useSession()
  const [draft, setDraft] = useState(() => draftOfSpan(span))
  const [tried, setTried] = useState(false)
  const fault = tried ? faultOf(draft) : undefined

  const save = () => {
    setTried(true)
    if (faultOf(draft)) return
    const event = eventOf(draft)
    follow(`“${event.title}”`, () => calendar.createEvent(event))
    onClose()
  }

  return (
    <Dialog
      title="New event"
      onClose={onClose}
      onSubmit={save}
      footer={
        <>
          <span className="grow" />
          <button type="button" className="button" data-testid="cancel" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" data-testid="save">
            Create
          </button>
        </>
      }
    >
      <Fields draft={draft} onChange={(changes) => setDraft({ ...draft, ...changes })} fault={fault} />
    </Dialog>
  )
}
