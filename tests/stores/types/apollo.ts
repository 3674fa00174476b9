// The binding to Apollo's cache, with the types of Apollo itself. Compiled, never run.

import { type ApolloCache, type ApolloClient, InMemoryCache } from '@apollo/client'
import type { RealtimeCalendar } from '@baro-calendar/realtime'
import { bindApolloCache, type EventList } from '@baro-calendar/realtime/apollo'

export function binds(calendar: RealtimeCalendar, client: ApolloClient, cache: ApolloCache): (() => void)[] {
  const lists: EventList[] = [
    { field: 'events', keep: [{ projectId: 'one' }] },
    { field: 'agenda', query: ({ team }) => (typeof team === 'string' ? { projectId: team } : undefined) },
  ]
  // @ts-expect-error: no cache
  bindApolloCache(calendar, {})
  // @ts-expect-error: a list has a field
  bindApolloCache(calendar, cache, { lists: [{ keep: [] }] })
  return [
    bindApolloCache(calendar, new InMemoryCache()),
    bindApolloCache(calendar, client.cache, { typename: 'Appointment', lists }),
    bindApolloCache(calendar, cache, { toEntity: ({ id, title, startDate }) => ({ id, name: title, startDate }) }),
  ]
}
