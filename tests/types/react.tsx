// The React part, used as a program uses it, with the types of React 18 and 19. Compiled, never run.

import type {
  CalendarEvent,
  ConflictInfo,
  ConnectionState,
  FailedAction,
  RealtimeCalendar,
  RealtimeError,
  UserCursor,
  UserPresence,
} from '@baro-calendar/realtime'
import {
  ActiveUsersList,
  CollaborationCursors,
  ConflictDialog,
  ConnectionStatus,
  RealtimeCalendarProvider,
  SyncProgress,
  type SomeTexts,
  type Texts,
  TypingIndicator,
  useCalendar,
  useCalendarEvent,
  useCalendarEvents,
  useConflicts,
  useConnectionError,
  useConnectionState,
  useEditing,
  useHasPendingWrite,
  usePresence,
  useProjectSubscription,
  useRealtimeCalendar,
  useRealtimeSync,
  useSyncStatus,
  useTyping,
} from '@baro-calendar/realtime/react'
import '@baro-calendar/realtime/react/style.css'
import { type ReactElement, useRef } from 'react'
import { type Equal, same } from './equal.js'

const texts: SomeTexts = { editing: 'busy', typing: (names) => names.join(), fields: { room: 'Room' } }
// @ts-expect-error: a text that takes names
export const wrong: SomeTexts = { typing: 7 }
export const typing: Texts['typing'] | undefined = texts.typing

export function App({ calendar }: { calendar: RealtimeCalendar }): ReactElement {
  const board = useRef<HTMLDivElement>(null)
  return (
    <RealtimeCalendarProvider
      config={{ url: '/ws', projectId: 'one', auth: { refreshToken: async () => 'token' } }}
      wasm="/calendar.wasm"
      autoConnect={false}
      locale="ko"
      texts={texts}
      onError={(error: RealtimeError) => console.error(error.code)}
    >
      <RealtimeCalendarProvider calendar={calendar}>
        <Page />
      </RealtimeCalendarProvider>
      {/* @ts-expect-error: neither a configuration nor a calendar */}
      <RealtimeCalendarProvider />
      {/* @ts-expect-error: both */}
      <RealtimeCalendarProvider config={{ url: '/ws' }} calendar={calendar} />
      <div ref={board} />
      <CollaborationCursors containerRef={board} unit="share" broadcast={false} className="mine" />
      <ActiveUsersList max={3} locale="en" />
      <ConnectionStatus details={false} />
      <SyncProgress delay={0} max={10} texts={{ retry: 'Again' }} />
      <ConflictDialog opens="asked" />
      <TypingIndicator elementId="title" />
      {/* @ts-expect-error: one of two words */}
      <ConflictDialog opens="never" />
    </RealtimeCalendarProvider>
  )
}

function Page(): null {
  const wide = useRealtimeCalendar({
    projectId: 'one',
    autoConnect: true,
    onUserJoin: (userId: string) => userId,
    onUserLeave: (userId: string) => userId,
  })
  same<Equal<typeof wide.connectionState, ConnectionState>>()
  same<Equal<typeof wide.isConnected, boolean>>()
  same<Equal<typeof wide.events, readonly CalendarEvent[]>>()
  same<Equal<typeof wide.activeUsers, ReadonlyMap<string, UserPresence>>>()
  const start = { startDate: new Date(), endDate: '2026-01-01' }
  const made: Promise<CalendarEvent> = wide.createEventWithSync({ title: 'Lunch', ...start })
  const changed: Promise<CalendarEvent> = wide.updateEventWithSync('id', { title: 'Late', location: null })
  const gone: Promise<CalendarEvent> = wide.deleteEventWithSync('id')
  // @ts-expect-error: an event without a title
  void wide.createEventWithSync(start)
  wide.broadcastCursor({ x: 1, y: 2, elementId: 'monday' })
  wide.reconnect()

  const events: readonly CalendarEvent[] = useCalendarEvents({ from: new Date(), to: '2026-01-01', projectId: 'one' })
  const all: readonly CalendarEvent[] = useCalendarEvents()
  // @ts-expect-error: what is read belongs to the calendar
  all.push({})
  const event: CalendarEvent | undefined = useCalendarEvent('id')
  const isPending: boolean = useHasPendingWrite('id')
  const state: ConnectionState = useConnectionState()
  const error: RealtimeError | undefined = useConnectionError()
  const calendar: RealtimeCalendar | undefined = useCalendar()
  const { pendingActions, syncProgress, failedActions, retryFailedAction, discardFailedAction } = useSyncStatus()
  const failed: readonly FailedAction[] = failedActions
  retryFailedAction(failed[0]?.id ?? pendingActions[0]?.id ?? '')
  discardFailedAction('id')
  const percentage: number = syncProgress.percentage
  const { isConnected, subscribeToProject, unsubscribeFromProject } = useRealtimeSync()
  const subscribed: Promise<void> = subscribeToProject('two')
  unsubscribeFromProject('two')
  const { isSubscribed, error: refusal } = useProjectSubscription(undefined)
  const { activeUsers, cursors, broadcastCursor, sendSelection, sendTyping, sendEditing } = usePresence()
  const pointing: readonly UserCursor[] = cursors
  useEditing('id')
  useEditing(null)
  const { onInput, onBlur }: { onInput: () => void; onBlur: () => void } = useTyping('title', 1000)
  broadcastCursor({ x: 0, y: 0 })
  sendSelection('title', [0, 1])
  sendTyping('title', activeUsers.size > 0)
  sendEditing(null)
  const { conflicts, resolveConflict } = useConflicts()
  const first: ConflictInfo | undefined = conflicts[0]
  if (first !== undefined) void resolveConflict(first.id, first.remoteVersion)
  void [made, changed, gone, events, event, isPending, state, error, calendar, percentage, isConnected, subscribed]
  void [isSubscribed, refusal, pointing, onInput, onBlur]
  return null
}
