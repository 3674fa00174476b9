// What the tests of the binding to Apollo need in a page.

import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client'
import init, { RealtimeCalendar } from '@baro-calendar/realtime'
import { bindApolloCache } from '@baro-calendar/realtime/apollo'
import { Observable } from 'rxjs'

const fields = gql`
  fragment Shown on CalendarEvent {
    id
    title
    startDate
    endDate
    location
    version
  }
`
const queries = {
  all: gql`
    query All {
      events {
        ...Shown
      }
    }
    ${fields}
  `,
  ofProject: gql`
    query OfProject($projectId: ID, $from: String, $to: String) {
      events(projectId: $projectId, from: $from, to: $to) {
        ...Shown
      }
    }
    ${fields}
  `,
}

await init()
Object.assign(globalThis, {
  gql,
  fields,
  queries,
  InMemoryCache,
  bindApolloCache,
  makeCalendar: (config) => (globalThis.baro = new RealtimeCalendar(config)),
  /** Makes `cache` and `client`. `answers`: operation name → what its server has. `asked` is what it was asked. */
  makeClient: (answers = {}, options = {}) => {
    globalThis.asked = []
    const link = new ApolloLink(
      ({ operationName, variables }) =>
        new Observable((observer) => {
          asked.push([operationName, variables])
          const data = answers[operationName]
          if (data === undefined) observer.error(new Error(`nobody answers ${operationName}`))
          else observer.next({ data: typeof data === 'function' ? data(variables) : data })
          observer.complete()
        }),
    )
    globalThis.cache = new InMemoryCache(options)
    globalThis.client = new ApolloClient({ cache, link })
    return client
  },
  /** Watches a query in the cache alone; every result that is delivered is in the array, which is returned. */
  watch: (name, variables, optimistic = true) => {
    const query = client.cache.transformDocument(queries[name])
    const seen = []
    const note = ({ result, complete }) => seen.push(complete ? result.events : { partial: result })
    cache.watch({ query, variables, optimistic, immediate: true, callback: note })
    return seen
  },
  titles: (events) => events?.map(({ title }) => title),
  told: (type = 'events-change') => new Promise((resolve) => baro.once(type, () => queueMicrotask(resolve))),
  ready: true,
})
