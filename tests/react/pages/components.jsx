// Every component, around a board that scrolls, with days to point at.

import {
  ActiveUsersList,
  CollaborationCursors,
  ConflictDialog,
  ConnectionStatus,
  RealtimeCalendarProvider,
  SyncProgress,
  TypingIndicator,
  useCalendar,
  useCalendarEvents,
  useEditing,
  useTyping,
} from '@baro-calendar/realtime/react'
import '@baro-calendar/realtime/react/style.css'
import { Profiler, StrictMode, useEffect, useRef } from 'react'
import { createRoot } from 'react-dom/client'

globalThis.renders = {}
const count = (name) => (globalThis.renders[name] = (globalThis.renders[name] ?? 0) + 1)

function Board({ unit, opens }) {
  count('board')
  const board = useRef(null)
  const events = useCalendarEvents()
  return (
    <>
      <div
        ref={board}
        data-testid="board"
        tabIndex={0}
        role="region"
        aria-label="Board"
        style={{ position: 'relative', height: 240, overflow: 'auto', border: '4px solid', margin: '1rem 2rem' }}
      >
        <div style={{ height: 1000, paddingTop: 40 }}>
          {['monday', 'tuesday'].map((day) => (
            <section key={day} data-cursor-anchor={day} style={{ height: 80, margin: 20, border: '1px solid' }}>
              {day}
            </section>
          ))}
          <ul>
            {events.map(({ id, title }) => (
              <li key={id}>{title}</li>
            ))}
          </ul>
        </div>
      </div>
      <Profiler id="cursors" onRender={() => count('cursors')}>
        <CollaborationCursors containerRef={board} unit={unit} className="mine" />
      </Profiler>
      <ConflictDialog opens={opens} />
    </>
  )
}

/** An editor of the event `e`, with a field for its title. */
function Editor() {
  useEditing('e')
  return <input aria-label="Title" {...useTyping('title', 60_000)} />
}

function Given() {
  const calendar = useCalendar()
  useEffect(() => {
    globalThis.baro = calendar
  }, [calendar])
  return null
}

const root = createRoot(document.getElementById('root'))

globalThis.show = (config, { locale, theme = 'light', unit, opens, texts, edits = false } = {}) => {
  document.documentElement.dataset.theme = theme
  document.documentElement.lang = locale ?? 'en'
  document.body.style.background = theme === 'dark' ? '#10131a' : '#ffffff'
  document.body.style.color = theme === 'dark' ? '#eceef2' : '#1c1f26'
  root.render(
    <StrictMode>
      <RealtimeCalendarProvider config={config} locale={locale} texts={texts}>
        <h1>Calendar</h1>
        <button type="button" id="before">
          Something else
        </button>
        <div style={{ display: 'flex', gap: '1rem' }}>
          <ConnectionStatus />
          <ActiveUsersList max={2} />
        </div>
        <TypingIndicator elementId="title" />
        <Board unit={unit} opens={opens} />
        <SyncProgress />
        {edits && <Editor />}
        <Given />
      </RealtimeCalendarProvider>
    </StrictMode>,
  )
}
globalThis.hide = () => root.render(null)
globalThis.ready = true
