import type { Source } from '../live/source'

export type Tone = 'status' | 'alert'

export interface Notice {
  id: number
  tone: Tone
  text: string
}

let notices: readonly Notice[] = []
let lastId = 0
const watchers = new Set<() => void>()

function set(next: readonly Notice[]): void {
  notices = next
  for (const watcher of [...watchers]) watcher()
}

export const currentNotices: Source<readonly Notice[]> = {
  get: () => notices,
  subscribe(changed) {
    watchers.add(changed)
    return () => watchers.delete(changed)
  },
}

export function dismiss(id: number): void {
  set(notices.filter((notice) => notice.id !== id))
}

/** The same words twice are one notice: forty refused writes must not cover the page. */
export function notify(tone: Tone, text: string): void {
  const others = notices.filter((notice) => notice.text !== text)
  lastId += 1
  set([...others, { id: lastId, tone, text }].slice(-3))
}
