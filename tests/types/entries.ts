// The other exports, and the other entries of the package. Compiled, never run.

import type { RealtimeConfig } from '@baro-calendar/realtime'
import byDefault, {
  type CalendarEvent,
  ConflictResolver,
  ConflictStrategy,
  ConnectionState,
  init,
  MessageBatcher,
  type WebSocketMessage,
} from '@baro-calendar/realtime'
import { init as initInline, RealtimeCalendar as FromInline } from '@baro-calendar/realtime/inline'
import { init as initSlim, RealtimeCalendar as FromSlim } from '@baro-calendar/realtime/slim'
import { type Equal, same } from './equal.js'

same<Equal<typeof byDefault, typeof init>>()
same<Equal<typeof initInline, typeof init>>()
same<Equal<typeof FromInline, typeof FromSlim>>()
same<Equal<typeof ConnectionState.CONNECTED, 'connected'>>()
same<Equal<typeof ConflictStrategy.OPERATIONAL_TRANSFORM, 'operational_transform'>>()

export const everyState: ConnectionState[] = Object.values(ConnectionState)
export const everyStrategy: ConflictStrategy[] = Object.values(ConflictStrategy)
// @ts-expect-error: frozen
ConnectionState.CONNECTED = 'connected'

export function loads(bytes: ArrayBuffer, module: WebAssembly.Module, response: Response): Promise<void>[] {
  // @ts-expect-error: slim has nothing to load by itself
  void initSlim()
  return [
    init(),
    init('/calendar.wasm'),
    init(new URL('https://example.org')),
    init(bytes),
    init(new Uint8Array(bytes)),
    init(module),
    init(response),
  ]
}

export function batches(send: (messages: WebSocketMessage[]) => void, message: WebSocketMessage<{ a: number }>): void {
  const batcher = new MessageBatcher(send, { batchSize: 5, batchDelay: 20 })
  batcher.add(message)
  batcher.flush()
}

export async function resolves(local: CalendarEvent, remote: CalendarEvent): Promise<CalendarEvent> {
  // @ts-expect-error: no strategy
  new ConflictResolver('theirs')
  const resolver = new ConflictResolver('merge')
  const fields: string[] = resolver.detectConflicts(local, remote)
  return fields.length > 0 ? resolver.resolve(local, remote, local) : new ConflictResolver().resolve(local, remote)
}

export const everyOption: Required<RealtimeConfig> = {
  url: 'wss://example.org/ws',
  protocols: ['one'],
  dialect: 'baro',
  negotiate: true,
  projectId: 'one',
  user: { id: 'u', name: 'Una', avatar: '/u.png', color: '#123456' },
  reconnect: { maxAttempts: Infinity, delay: 1000, maxDelay: 30_000, factor: 1.5, jitter: true },
  heartbeat: { interval: 30_000, timeout: 5000, message: 'ping' },
  auth: { token: 't', refreshToken: async () => 't', placement: 'message' },
  ack: { timeout: 5000 },
  batch: { size: 10, delay: 100, compress: true },
  cursor: { interval: 50 },
  offline: { databaseName: 'mine', maxRetries: 3, sync: async (action) => [action.type, action.data] },
  conflict: { strategy: 'merge', onConflict: async ({ localVersion }) => localVersion },
  transports: ['websocket', 'polling'],
  visibility: { disconnectAfter: Infinity },
  tabs: 'separate',
  socketio: { path: '/socket.io', auth: {}, query: {}, names: { a: 'b' }, collection: { snapshot: 's', updated: 'u' } },
  graphql: {
    subscription: 'subscription { changed }',
    variables: (channel) => ({ channel }),
    changes: () => [{ type: 'deleted', id: 'x' }],
    create: '',
    update: '',
    delete: '',
    connectionParams: {},
  },
  windowEvents: true,
}
// @ts-expect-error: an address is needed
export const noAddress: RealtimeConfig = {}
