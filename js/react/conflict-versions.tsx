'use client'
// The versions of an event side by side, a row for each field in which they differ, with a choice in each row.

import { type ReactElement, useId } from 'react'
import type { ConflictInfo } from '../types.js'
import { type Choice, type Side, sidesOf, type Versions } from './conflict-choice.js'
import { eventValue } from './event-value.js'
import type { Wording } from './wording.js'

export interface ConflictVersionsProps {
  conflict: ConflictInfo
  versions: Versions
  fields: readonly string[]
  choice: Choice
  onChoose: (field: string, side: Side) => void
  wording: Wording
}

export function ConflictVersions({ conflict, versions, fields, ...asked }: ConflictVersionsProps): ReactElement {
  const { choice, onChoose, wording } = asked
  const { texts } = wording
  const id = useId()
  const sides: Side[] = (['mine', 'theirs', 'combined', 'before'] as const).filter((side) =>
    side === 'mine' || side === 'theirs' ? true : fields.some((field) => sidesOf(versions, field).includes(side)),
  )
  const isDeleted = (side: Side) =>
    (side === 'mine' && conflict.deleted === 'local') || (side === 'theirs' && conflict.deleted === 'remote')
  const named: Record<Side, string> = {
    mine: texts.mine,
    theirs: texts.theirs,
    combined: texts.combined,
    before: texts.before,
  }
  return (
    <table className="baro-conflict-versions">
      <thead>
        <tr>
          <th scope="col">{texts.field}</th>
          {sides.map((side) => (
            <th key={side} scope="col" id={`${id}${side}`} data-side={side}>
              {named[side]}
              {isDeleted(side) && <span className="baro-conflict-deleted">{texts.deleted}</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {fields.map((field, at) => (
          <tr key={field} data-field={field}>
            <th scope="row" id={`${id}${at}`}>
              {texts.fields[field] ?? field}
            </th>
            {sides.map((side) => {
              const version = versions[side]
              const isOffered = conflict.deleted === undefined && sidesOf(versions, field).includes(side)
              const isSaid = isOffered || (side !== 'combined' && !isDeleted(side))
              const value = version === undefined || !isSaid ? '' : eventValue(version, field, wording)
              return (
                <td key={side} data-side={side} data-label={isSaid ? named[side] : undefined}>
                  {isOffered ? (
                    <label>
                      <input
                        type="radio"
                        name={`${id}${at}`}
                        value={side}
                        checked={choice[field] === side}
                        onChange={() => onChoose(field, side)}
                        aria-labelledby={`${id}${at} ${id}${side} ${id}${at}${side}`}
                      />
                      <span id={`${id}${at}${side}`}>{value}</span>
                    </label>
                  ) : (
                    <span>{value}</span>
                  )}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
