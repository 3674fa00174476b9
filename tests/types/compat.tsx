// The original names, used as the original documents use them. Compiled, never run.

import {
  ActiveUsersList,
  CollaborationCursors,
  CollaborationManager,
  type CollaborationCursorsProps,
  type CompatSettings,
  ConflictResolver,
  ConflictStrategy,
  ConnectionState,
  ConnectionStatus,
  MessageBatcher,
  OfflineManager,
  RealtimeConnectionStatus,
  RealtimeCursors,
  RealtimeEventSync,
  SyncProgress,
  type WebSocketConfig,
  WebSocketManager,
  type WebSocketMessage,
  configure,
  offlineManager,
  useProjectSubscription,
  useRealtimeCalendar,
  useRealtimeSync,
  useSyncStatus,
} from '@baro-calendar/realtime/compat'
import { type Equal, same } from './equal.js'

export const bothDocuments: WebSocketConfig = {
  url: 'wss://example.org/ws',
  protocols: ['one'],
  reconnect: { maxAttempts: 10, delay: 1000, maxDelay: 30_000, factor: 1.5 },
  heartbeat: { interval: 30_000, timeout: 5000, message: 'ping' },
  auth: { token: 't', refreshToken: async () => 't' },
  reconnectInterval: 1000,
  maxReconnectAttempts: 5,
  onMessage: (message: WebSocketMessage) => console.log(message.type),
  onConnect: () => {},
  onDisconnect: () => {},
  onError: (error: Event) => console.log(error.type),
}

export function listens(manager: WebSocketManager): void {
  same<Equal<ReturnType<typeof manager.connect>, Promise<void>>>()
  same<Equal<ReturnType<typeof manager.getState>, ConnectionState>>()
  const own = (data: { x: number }): void => console.log(data.x)
  manager
    .on('state-change', (state, previous) => console.log(state === ConnectionState.CONNECTED, previous))
    .on('message', (message) => own(message.payload))
    .once('disconnected', (code, reason) => console.log(code.toFixed(), reason.length))
    .on('custom', own)
    .off('custom', own)
  manager.emit('custom', { x: 1 })
  const sent: Promise<void> = manager.send('subscribe', { projectId: 'p' }, { requireAck: true, timeout: 5000 })
  const answered: Promise<{ id: string }> = manager.send<object, { id: string }>('event:create', {})
  void Promise.all([sent, answered, manager.send({ type: 'AUTH', payload: { token: 't' } })])
  const { isConnected, reconnectAttempts } = manager.getConnectionStatus()
  console.log(isConnected, reconnectAttempts + 1, manager.calendar?.getEvents().length)
  // @ts-expect-error: an address is needed
  new WebSocketManager({})
}

export async function queues(manager: OfflineManager): Promise<void> {
  await manager.initialize()
  await offlineManager.queueAction({ type: 'create', resource: 'events', data: { title: 'Lunch' } })
  // @ts-expect-error: there is no such type
  await offlineManager.queueAction({ type: 'replace', resource: 'events', data: {} })
  await manager.setCached('key', [1])
  const found: number[] | null = await manager.getCached<number[]>('key')
  console.log(found, manager.getStatus().pendingActions[0]?.description)
}

export async function resolves(now: Date): Promise<string> {
  const event = { id: 'e', title: 'Lunch', startDate: now, endDate: now, updatedAt: now, version: 1 }
  const resolver = new ConflictResolver(ConflictStrategy.MERGE)
  const fields: string[] = resolver.detectConflicts(event, event)
  return fields[0] ?? (await resolver.resolve(event, { ...event, updatedAt: now.toISOString() }, event)).startDate
}

export const cursors: CollaborationCursorsProps = {}

export const settings: CompatSettings = {
  addresses: { calendar: '/ws' },
  realtime: { user: { id: 'ana' } },
  requests: { base: '/api', fetch: (address, request) => fetch(address, request) },
}
configure(settings)

export function others(send: (messages: WebSocketMessage[]) => void, message: WebSocketMessage): void {
  new MessageBatcher(send, { batchSize: 10, batchDelay: 100 }).add(message)
  const sync = new RealtimeEventSync()
  sync.subscribeToProject('p')
  const collaboration = new CollaborationManager()
  collaboration.sendCursorPosition({ x: 1, y: 2 })
  console.log(collaboration.getCursors().map(({ userId }) => userId))
}

export function Page({ board }: { board: React.RefObject<HTMLDivElement | null> }) {
  const { connectionState, activeUsers, createEventWithSync, broadcastCursor, isConnected, reconnect } =
    useRealtimeCalendar({ projectId: 'p', autoConnect: true, onUserJoin: (id) => console.log(id.length) })
  const { subscribeToProject } = useRealtimeSync()
  const { pendingActions, syncProgress } = useSyncStatus()
  useProjectSubscription(undefined)
  return (
    <div onClick={() => [broadcastCursor({ x: 1, y: 2 }), reconnect(), subscribeToProject('q')]}>
      {connectionState} {activeUsers.size} {isConnected} {pendingActions.length} {syncProgress.percentage}
      <button onClick={() => void createEventWithSync({ title: '', startDate: '', endDate: '' })} />
      <CollaborationCursors containerRef={board} />
      <ActiveUsersList />
      <ConnectionStatus />
      <SyncProgress />
      <RealtimeCursors />
      <RealtimeConnectionStatus />
    </div>
  )
}
