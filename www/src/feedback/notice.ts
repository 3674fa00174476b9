import { value } from '../live/value'

export type Tone = 'status' | 'alert'

export interface Notice {
  id: number
  tone: Tone
  text: string
}

let lastId = 0

export const currentNotices = value<readonly Notice[]>([])

export function dismiss(id: number): void {
  currentNotices.set(currentNotices.get().filter((notice) => notice.id !== id))
}

/** The same words twice are one notice: forty refused writes must not cover the page. */
export function notify(tone: Tone, text: string): void {
  const others = currentNotices.get().filter((notice) => notice.text !== text)
  lastId += 1
  currentNotices.set([...others, { id: lastId, tone, text }].slice(-3))
}
