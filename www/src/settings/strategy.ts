import type { ConflictStrategy } from '@baro-calendar/realtime'
import { value } from '../live/value'
import { recall, remember } from '../storage'

/** What this person wants of two changes of one event. Everybody may choose differently: each edit says how it is to be. */
export const strategies: readonly { name: ConflictStrategy; label: string; says: string }[] = [
  { name: 'last_write_wins', label: 'The later change wins', says: 'Field by field. Nobody is asked.' },
  { name: 'merge', label: 'Merge', says: 'Times, guests and lines of text that fit together are brought together.' },
  { name: 'manual', label: 'Ask me', says: 'Both versions side by side; you decide.' },
  { name: 'first_write_wins', label: 'The earlier change wins', says: 'A change that comes second is refused.' },
  { name: 'operational_transform', label: 'Transform texts', says: 'As merge, but no word of either is lost.' },
  { name: 'crdt', label: 'CRDT', says: 'The later stamp wins, in whatever order changes arrive.' },
]

const known = (name: unknown): name is ConflictStrategy => strategies.some((one) => one.name === name)

const stored = recall('strategy')

export const strategy = value<ConflictStrategy>(known(stored) ? stored : 'last_write_wins')

export function chooseStrategy(name: ConflictStrategy): void {
  strategy.set(name)
  remember('strategy', name)
}
