import type { RealtimeCalendar, RealtimeMetrics } from '@baro-calendar/realtime'
import type { Source } from '../live/source'

/** One second of the connection. */
export interface Sample {
  /** Milliseconds since 1970. */
  at: number
  /** Smoothed round trip in milliseconds; absent until the server has answered. */
  roundTripMs: number | undefined
  /** Messages a second. */
  received: number
  sent: number
  /** Writes that the server has not decided. */
  queue: number
  metrics: RealtimeMetrics
}

const everyMs = 1000
const kept = 120

/**
 * Looks at the calendar's numbers once a second from its beginning, so that the panel opens with a history. Costs
 * microseconds; while the page is hidden it rests, and the next sample is of the time since.
 */
export function meterOf(calendar: RealtimeCalendar): Source<readonly Sample[]> & { stop: () => void } {
  const watchers = new Set<() => void>()
  let samples: readonly Sample[] = [sampleOf(calendar.getMetrics(), undefined)]

  const timer = setInterval(() => {
    if (document.hidden) return
    samples = [...samples, sampleOf(calendar.getMetrics(), samples.at(-1))].slice(-kept)
    for (const watcher of [...watchers]) watcher()
  }, everyMs)

  return {
    get: () => samples,
    subscribe(changed) {
      watchers.add(changed)
      return () => watchers.delete(changed)
    },
    stop: () => clearInterval(timer),
  }
}

function sampleOf(metrics: RealtimeMetrics, former: Sample | undefined): Sample {
  const at = Date.now()
  const seconds = former ? Math.max(at - former.at, 1) / 1000 : 1
  const rate = (now: number, before: number) => Math.max(0, now - before) / seconds
  return {
    at,
    roundTripMs: metrics.roundTripMs?.smoothed,
    received: former ? rate(metrics.messagesReceived, former.metrics.messagesReceived) : 0,
    sent: former ? rate(metrics.messagesSent, former.metrics.messagesSent) : 0,
    queue: metrics.writesPending,
    metrics,
  }
}
