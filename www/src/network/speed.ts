import { value } from '../live/value'

/** What the line between this page and its server is made to be, in each direction. */
export interface Limit {
  label: string
  says: string
  /** How long a frame is on its way, in milliseconds. */
  delayMs: number
  /** How fast frames leave, in bytes a millisecond. */
  bytesPerMs: number
}

export type Speed = 'full' | 'slow' | 'crawling'

export const limits: Record<Speed, Limit> = {
  full: { label: 'Full', says: 'As it is.', delayMs: 0, bytesPerMs: Infinity },
  slow: { label: 'Slow', says: '400 ms each way, 20 kB a second.', delayMs: 400, bytesPerMs: 20 },
  crawling: { label: 'Crawling', says: '1.5 s each way, 2 kB a second.', delayMs: 1500, bytesPerMs: 2 },
}

export const speed = value<Speed>('full')
