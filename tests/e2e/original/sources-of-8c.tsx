// A page on the hooks and components of 8c as the document has them.

import { createRoot } from 'react-dom/client'
import { CollaborationManager } from '@/lib/realtime/collaboration'
import { ConnectionStatus } from '@/components/realtime/ConnectionStatus'
import { RealtimeCursors } from '@/components/collaboration/RealtimeCursors'
import { useProjectSubscription } from '@/hooks/useProjectSubscription'
import { toasts, useCalendarStore, useProjectStore } from '@/program'

Object.assign(globalThis, { toasts, CollaborationManager, useProjectStore })

function Page() {
  useProjectSubscription('p')
  const { events } = useCalendarStore()
  return (
    <main>
      <ConnectionStatus />
      <RealtimeCursors />
      <ul id="events">
        {events.map(({ id, title }) => (
          <li key={id}>{title}</li>
        ))}
      </ul>
    </main>
  )
}

createRoot(document.getElementById('root')!).render(<Page />)
