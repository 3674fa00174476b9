import { RealtimeCalendarProvider } from '@baro-calendar/realtime/react'
import { useCallback, useEffect, useState } from 'react'
import { Board } from './board/board'
import { CreateDialog } from './editor/create'
import { EditDialog } from './editor/edit'
import { notify } from './feedback/notice'
import { SyncCard } from './feedback/progress'
import { Toasts } from './feedback/toast'
import { Header } from './header/header'
import { SessionContext, useConnection, useSource } from './live/context'
import { page } from './page'
import { Panel } from './panel/panel'
import { Side } from './side/side'
import { currentSession } from './session'
import type { Span } from './time'

export function App() {
  const session = useSource(currentSession)
  return (
    <>
      {session ? (
        <RealtimeCalendarProvider calendar={session.calendar} onError={tell}>
          <SessionContext value={session}>
            <Workspace />
          </SessionContext>
        </RealtimeCalendarProvider>
      ) : (
        <div className="opening" role="status">
          Opening the calendar
        </div>
      )}
      <Toasts />
    </>
  )
}

const tell = (error: Error) => notify('alert', error.message)

type Task = { kind: 'create'; span: Span } | { kind: 'edit'; eventId: string }

function Workspace() {
  const [task, setTask] = useState<Task>()
  const [title, setTitle] = useState('')
  const close = useCallback(() => setTask(undefined), [])
  useDocumentTitle(title)

  return (
    <div className="workspace">
      <Header />
      <div className="desk">
        <Side />
        <Board
          onCreate={(span) => setTask({ kind: 'create', span })}
          onOpen={(eventId) => setTask({ kind: 'edit', eventId })}
          selecting={task?.kind === 'create'}
          onTitle={setTitle}
        />
        <Panel />
      </div>
      <SyncCard />
      {task?.kind === 'create' && <CreateDialog span={task.span} onClose={close} />}
      {task?.kind === 'edit' && <EditDialog key={task.eventId} eventId={task.eventId} onClose={close} />}
    </div>
  )
}

function useDocumentTitle(title: string): void {
  const { state } = useConnection()
  useEffect(() => {
    const offline = state === 'disconnected' || state === 'error' ? 'Offline · ' : ''
    document.title = `${offline}${title ? `${title} · ` : ''}${page.projectId} · Baro Calendar`
  }, [state, title])
}
