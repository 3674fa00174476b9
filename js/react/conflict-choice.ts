// What there is to choose between two versions of an event, and what comes of a choice. Knows nothing of how it is asked.

import type { CalendarEvent, ConflictInfo } from '../types.js'

/** A version that a field can be taken from: this user's, the other's, both as one, the one before. */
export type Side = 'mine' | 'theirs' | 'combined' | 'before'

export type Choice = Readonly<Record<string, Side>>

export type Versions = Readonly<Partial<Record<Side, CalendarEvent>>> & {
  readonly mine: CalendarEvent
  readonly theirs: CalendarEvent
}

const kept = new Set(['id', 'version', 'updatedAt', 'deleted'])

/** The versions of a conflict; `combined` is what merging makes of them. */
export function versionsOf(conflict: ConflictInfo, combined: CalendarEvent | undefined): Versions {
  return {
    mine: conflict.localVersion,
    theirs: conflict.remoteVersion,
    ...(combined === undefined ? {} : { combined }),
    ...(conflict.baseVersion === undefined ? {} : { before: conflict.baseVersion }),
  }
}

const ofEvery = ['title', 'startDate', 'endDate']
const inOrder = [...ofEvery, 'allDay', 'timeZone', 'recurrence', 'location', 'description', 'attendees']

/**
 * The fields in which the two versions differ, in the order in which people look at an event. Where one of the versions is
 * a deletion, beside them what tells which event it is.
 */
export function fieldsOf({ fields, localVersion, remoteVersion, deleted }: ConflictInfo): string[] {
  const all = new Set([...inOrder, ...fields, ...Object.keys(localVersion), ...Object.keys(remoteVersion)])
  const differ = (field: string) => !kept.has(field) && !isSame(localVersion[field], remoteVersion[field])
  if (deleted === undefined) return [...all].filter(differ)
  return [...ofEvery, ...[...all].filter((field) => !ofEvery.includes(field) && differ(field))]
}

/** The sides whose value of a field is one of its own, in the order in which they are shown. */
export function sidesOf(versions: Versions, field: string): Side[] {
  const { mine, theirs, combined, before } = versions
  const isNew = combined !== undefined && [mine, theirs].every((other) => !isSame(other[field], combined[field]))
  return ['mine', 'theirs', ...(isNew ? (['combined'] as const) : []), ...(before ? (['before'] as const) : [])]
}

/** What is proposed: the side that changed a field alone; where both did, both as one if that can be, else this user's. */
export function proposalOf(versions: Versions, field: string): Side {
  const { mine, theirs, before } = versions
  if (before !== undefined && isSame(mine[field], before[field])) return 'theirs'
  if (before !== undefined && isSame(theirs[field], before[field])) return 'mine'
  return sidesOf(versions, field).includes('combined') ? 'combined' : 'mine'
}

/** The event that a choice makes. What both versions agree in stays. */
export function chosen(versions: Versions, fields: readonly string[], choice: Choice): CalendarEvent {
  const event = { ...versions.theirs }
  for (const field of fields) {
    const value = (versions[choice[field] ?? 'mine'] ?? versions.mine)[field]
    if (value === undefined) delete event[field]
    else event[field] = value
  }
  return event
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
}
