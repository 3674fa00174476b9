import { RealtimeCalendar } from '@baro-calendar/realtime'
import { notify } from '../feedback/notice'
import { value } from '../live/value'
import { elsewhere } from '../network/socket'
import { page } from '../page'
import { followProjects } from '../project/project'
import { Chance } from './chance'
import { Hand, pause } from './hand'
import { work } from './script'

/** Somebody who can be switched on: a further calendar of another user, with a connection of its own and no storage. */
export interface Colleague {
  key: string
  name: string
  color: string
  seed: number
}

export const colleagues: readonly Colleague[] = [
  { key: 'mina', name: 'Mina', color: '#b0267f', seed: 20 },
  { key: 'theo', name: 'Theo', color: '#0f766e', seed: 7 },
]

/** The keys of those who are at work. */
export const working = value<ReadonlySet<string>>(new Set())

const leaving = new Map<string, AbortController>()

// Two windows may each have a Mina, and these are two people.
const window = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(36)).join('')

export function setWorking(colleague: Colleague, isWorking: boolean): void {
  const { key } = colleague
  if (isWorking === working.get().has(key)) return
  working.set(new Set([...working.get()].filter((one) => one !== key).concat(isWorking ? [key] : [])))
  if (!isWorking) return leaving.get(key)?.abort()
  const leave = new AbortController()
  leaving.set(key, leave)
  void employ(colleague, leave.signal)
}

async function employ({ key, name, color, seed }: Colleague, signal: AbortSignal): Promise<void> {
  const calendar = new RealtimeCalendar({
    url: `${page.url}${page.url.includes('?') ? '&' : '?'}${elsewhere}=${key}`,
    projectId: page.projectId,
    user: { id: `${key}-${window}`, name, color },
    tabs: 'separate',
    offline: false,
    reconnect: { maxAttempts: Infinity },
  })
  const stop = followProjects(calendar)
  const desk = { name, calendar, chance: new Chance(seed), hand: new Hand(calendar, signal), signal }
  try {
    await calendar.connect()
    while (!signal.aborted) {
      // A day may end in the middle, for instance with an event that somebody has just deleted; then the next one begins.
      await work(desk).catch(() => pause(1000, signal))
    }
  } catch (error) {
    if (!signal.aborted) notify('alert', `${name} cannot work. ${error instanceof Error ? error.message : ''}`)
  } finally {
    stop()
    await calendar.destroy()
  }
}
