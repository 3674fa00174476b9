// Every member of the class, used as a program uses it. Compiled, never run.

import init, {
  type CalendarEvent,
  type ConflictInfo,
  type FailedAction,
  type PendingWrite,
  RealtimeCalendar,
  type RealtimeError,
  type RealtimeMetrics,
  type SyncStatus,
  type Timing,
  type TraceEntry,
  type UserCursor,
  type UserPresence,
} from '@baro-calendar/realtime'
import { type Equal, same } from './equal.js'

export async function usesEveryMember(): Promise<void> {
  await init()
  const calendar = new RealtimeCalendar({ url: '/ws', projectId: 'default' })

  same<Equal<ReturnType<typeof calendar.connect>, Promise<void>>>()
  await calendar.connect()
  calendar.disconnect()
  calendar.reconnect()
  const state: 'connecting' | 'connected' | 'disconnected' | 'reconnecting' | 'error' = calendar.getState()
  const connected: boolean = calendar.isConnected()

  const stop: () => void = calendar.on('state-change', (now, before) => [now, before, state, connected])
  stop()
  calendar.once('connected', () => {})
  const onError = (error: RealtimeError) => [error.code, error.retryable, error.resumable, error.details, error.message]
  calendar.on('error', onError)
  calendar.off('error', onError)
  // @ts-expect-error: no such listener type
  calendar.on('statechange', () => {})
  // @ts-expect-error: a cursor is no number
  calendar.on('user:cursor', (cursor: number) => cursor)

  same<Equal<ReturnType<typeof calendar.send>, Promise<unknown>>>()
  await calendar.send('note', { text: 'hello' }, { requireAck: true, timeout: 1000 })

  await calendar.subscribeToProject('one')
  calendar.unsubscribeFromProject('one')
  await calendar.subscribe('lineup:summer')
  calendar.unsubscribe('lineup:summer')

  const events: readonly CalendarEvent[] = calendar.getEvents({
    from: '2025-01-01',
    to: new Date(),
    projectId: 'one',
    calendarId: 'two',
  })
  const event: CalendarEvent | undefined = calendar.getEvent('id')
  const onServer: CalendarEvent | undefined = calendar.getConfirmedEvent('id')
  // @ts-expect-error: what is read belongs to the calendar
  events.push({})
  const unsubscribe: () => void = calendar.subscribeToEvents(() => {})
  unsubscribe()

  const write: PendingWrite = calendar.createEvent({
    title: 'Lunch',
    startDate: new Date(),
    endDate: '2025-01-01T13:00:00Z',
    room: 7,
  })
  const id: string = write.id
  await write.persisted
  const confirmed: CalendarEvent = await write.confirmed
  // @ts-expect-error: an event without a title
  calendar.createEvent({ startDate: new Date(), endDate: new Date() })
  calendar.updateEvent(id, { title: 'Late lunch', location: null, endDate: new Date(), room: 8 })
  const changes: Partial<CalendarEvent> = { description: 'as the contract spells it' }
  calendar.updateEvent(id, changes)
  calendar.updateEvent(id, confirmed)
  // @ts-expect-error: a title is text
  calendar.updateEvent(id, { title: 7 })
  const deleted: PendingWrite = calendar.deleteEvent(id)
  const pending: boolean = calendar.hasPendingWrite(deleted.id)
  const undone: PendingWrite | undefined = calendar.undo()
  const redone: Promise<CalendarEvent> | undefined = calendar.redo()?.confirmed

  const users: ReadonlyMap<string, UserPresence> = calendar.getActiveUsers()
  const cursors: readonly UserCursor[] = calendar.getCursors()
  calendar.broadcastCursor({ x: 1, y: 2, elementId: 'day-3' })
  calendar.sendSelection('title', { from: 0, to: 3 })
  calendar.sendTyping('title', true)
  calendar.sendEditing(id)
  calendar.sendEditing(null)

  const status: SyncStatus = calendar.getSyncStatus()
  const failed: readonly FailedAction[] = calendar.getFailedActions()
  calendar.retryFailedAction(failed[0]?.id ?? '')
  calendar.discardFailedAction('id')
  const conflicts: readonly ConflictInfo[] = calendar.getConflicts()
  const [conflict] = conflicts
  if (conflict !== undefined) await calendar.resolveConflict(conflict.id, conflict.remoteVersion).confirmed
  const decided: PendingWrite = calendar.resolveConflict('id', null)
  const lost: [string, unknown][] = (conflict?.dropped ?? []).map(({ field, value }) => [field, value])
  await calendar.flush()
  await calendar.logout()
  await calendar.logout({ pending: 'keep' })
  // @ts-expect-error: one of three words
  await calendar.logout({ pending: 'lose' })
  const cached: { a: number } | null = await calendar.getCached<{ a: number }>('key')
  await calendar.setCached('key', { a: 1 }, 60_000)
  await calendar.clearCache()

  const metrics: RealtimeMetrics = calendar.getMetrics()
  const delivery: Timing = metrics.deliveryMs
  const age: number | undefined = metrics.oldestWriteMs
  const trace: readonly TraceEntry[] = calendar.getTrace()
  const kinds: string[] = trace.map(({ kind, at, n }) => `${n} ${at} ${kind}`)
  await calendar.destroy()
  const waits: string | undefined = status.pendingActions[0]?.resourceId
  void [
    event,
    onServer,
    waits,
    pending,
    decided,
    lost,
    undone,
    redone,
    users,
    cursors,
    status,
    cached,
    metrics,
    delivery,
    age,
    kinds,
  ]
}
