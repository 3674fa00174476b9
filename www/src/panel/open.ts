import { value } from '../live/value'

export const tabs = ['sync', 'metrics', 'trace'] as const

export type Tab = (typeof tabs)[number]

/** Which part of the panel is open. */
export const openTab = value<Tab | undefined>(undefined)

let last: Tab = 'sync'

export function togglePanel(): void {
  const now = openTab.get()
  if (now) last = now
  openTab.set(now ? undefined : last)
}
