import type { CalendarEvent, ConflictInfo } from '@baro-calendar/realtime'
import { useEffect, useState } from 'react'
import { Dialog } from '../editor/dialog'
import { useConflicts, useSession, useSource } from '../live/context'
import { Icon } from '../part/icon'
import { follow } from '../write'
import { choicesOf, fieldLabel, resolvedBy, textOfChoice, type Choice, type Side } from './field'
import { decide, openConflict } from './open'

export function ConflictDialog() {
  const id = useSource(openConflict)
  const conflict = useConflicts().find((one) => one.id === id)

  // Decided in another tab of this person, or gone with the event.
  useEffect(() => {
    if (id !== undefined && !conflict) decide(undefined)
  }, [id, conflict])

  if (!conflict) return null
  return conflict.deleted ? <Deletion conflict={conflict} /> : <Comparison key={conflict.id} conflict={conflict} />
}

function useResolve(conflict: ConflictInfo): (event: CalendarEvent | null) => void {
  const { calendar } = useSession()
  return (event) => {
    decide(undefined)
    follow(`Your decision on “${conflict.localVersion.title}”`, () => calendar.resolveConflict(conflict.id, event))
  }
}

const close = () => decide(undefined)

function Comparison({ conflict }: { conflict: ConflictInfo }) {
  const resolve = useResolve(conflict)
  const choices = choicesOf(conflict)
  const [picked, setPicked] = useState<Readonly<Record<string, Side>>>({})
  const sideOf = ({ name }: Choice): Side => picked[name] ?? 'local'
  const all = (side: Side) => setPicked(Object.fromEntries(choices.map(({ name }) => [name, side])))

  return (
    <Dialog
      title="Two versions of one event"
      wide
      onClose={close}
      onSubmit={() => resolve(resolvedBy(conflict, choices, sideOf))}
      footer={
        <>
          <button type="button" className="button" data-testid="conflict-mine" onClick={() => all('local')}>
            All mine
          </button>
          <button type="button" className="button" data-testid="conflict-theirs" onClick={() => all('remote')}>
            All theirs
          </button>
          <span className="grow" />
          <button type="button" className="button" data-testid="cancel" onClick={close}>
            Later
          </button>
          <button type="submit" className="button primary" data-testid="conflict-save">
            Save
          </button>
        </>
      }
    >
      <p className="conflict-lead">
        You and somebody else changed “{conflict.baseVersion?.title ?? conflict.remoteVersion.title}”. Choose what is to
        be, line by line. Until then others see theirs, and you see yours.
      </p>
      <div className="versions" data-testid="conflict">
        <div className="versions-head" aria-hidden="true">
          <span>Before</span>
          <span>Mine</span>
          <span>Theirs</span>
        </div>
        {choices.map((choice) => (
          <fieldset key={choice.name} className="version-row" data-testid="conflict-field" data-field={choice.name}>
            <legend>{fieldLabel(choice.name)}</legend>
            <div className="version version-before">
              <span className="version-name">Before</span>
              <span>{textOfChoice(choice, conflict.baseVersion)}</span>
            </div>
            {(['local', 'remote'] as const).map((side) => (
              <label key={side} className="version version-choice">
                <input
                  type="radio"
                  name={`choice-${choice.name}`}
                  checked={sideOf(choice) === side}
                  data-testid={`choose-${side}`}
                  onChange={() => setPicked({ ...picked, [choice.name]: side })}
                />
                <span className="version-name">{side === 'local' ? 'Mine' : 'Theirs'}</span>
                <span className="version-text">
                  {textOfChoice(choice, side === 'local' ? conflict.localVersion : conflict.remoteVersion)}
                </span>
                <Icon name="check" />
              </label>
            ))}
          </fieldset>
        ))}
      </div>
    </Dialog>
  )
}

/** One side deleted what the other one changed: there is nothing to mix. */
function Deletion({ conflict }: { conflict: ConflictInfo }) {
  const resolve = useResolve(conflict)
  const isMine = conflict.deleted === 'local'
  const kept = isMine ? conflict.remoteVersion : conflict.localVersion
  return (
    <Dialog
      title={isMine ? 'Changed while you deleted it' : 'Deleted while you changed it'}
      onClose={close}
      onSubmit={() => resolve(kept)}
      footer={
        <>
          <button type="button" className="button danger" data-testid="conflict-delete" onClick={() => resolve(null)}>
            <Icon name="trash" /> Delete it
          </button>
          <span className="grow" />
          <button type="button" className="button" data-testid="cancel" onClick={close}>
            Later
          </button>
          <button type="submit" className="button primary" data-testid="conflict-keep">
            Keep it
          </button>
        </>
      }
    >
      <p className="conflict-lead">
        {isMine
          ? `You deleted “${kept.title}”, and somebody else changed it meanwhile.`
          : `Somebody else deleted “${kept.title}”, which you changed.`}
      </p>
    </Dialog>
  )
}
