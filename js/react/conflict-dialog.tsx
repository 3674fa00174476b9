'use client'
// The dialog in which somebody decides between two versions of an event. A modal `<dialog>`: the page behind it is inert, the
// focus stays inside and returns to where it was. What is put off stays within reach, behind a button.

import { type KeyboardEvent, type ReactElement, useEffect, useId, useLayoutEffect, useRef, useState } from 'react'
import { ConflictResolver } from '../conflict-resolver.js'
import type { CalendarEvent, ConflictInfo } from '../types.js'
import { classNames } from './class-name.js'
import { type Choice, chosen, fieldsOf, proposalOf, versionsOf } from './conflict-choice.js'
import { ConflictVersions } from './conflict-versions.js'
import { useConflicts } from './conflicts.js'
import { useWording, type Wording, type WordingProps } from './wording.js'

/** What `ConflictDialog` takes. */
export interface ConflictDialogProps extends WordingProps {
  className?: string | undefined
  /** `'itself'` (default): as soon as there is a conflict. `'asked'`: with the button that tells how many there are. */
  opens?: 'itself' | 'asked' | undefined
}

const none: ReadonlySet<string> = /* @__PURE__ */ new Set<string>()

/** Has a person decide about conflicts that wait (`manual`): one version, the other, or field by field. */
export function ConflictDialog({ className, opens = 'itself', ...wording }: ConflictDialogProps): ReactElement | null {
  const { conflicts, resolveConflict } = useConflicts()
  const words = useWording(wording)
  const [isAsked, setAsked] = useState(false)
  const [postponed, setPostponed] = useState(none)
  const waiting = conflicts.filter(({ id }) => !postponed.has(id))
  const [open] = opens === 'itself' || isAsked ? waiting : []

  const hasNone = conflicts.length === 0
  useEffect(() => {
    if (hasNone) setAsked(false)
  }, [hasNone])

  if (hasNone) return null
  return (
    <div className={classNames('baro-conflicts', className)}>
      {(isAsked || open === undefined) && (
        <button
          type="button"
          className="baro-button baro-conflicts-waiting"
          onClick={() => {
            setPostponed(none)
            setAsked(true)
          }}
        >
          {words.texts.conflictsWait(conflicts.length)}
        </button>
      )}
      {open !== undefined && (
        <Decision
          key={open.id}
          conflict={open}
          count={conflicts.length}
          number={conflicts.indexOf(open) + 1}
          wording={words}
          onDecide={(resolved) => void resolveConflict(open.id, resolved)}
          onPostpone={() => setPostponed(new Set(postponed).add(open.id))}
        />
      )}
    </div>
  )
}

interface DecisionProps {
  conflict: ConflictInfo
  number: number
  count: number
  wording: Wording
  onDecide: (resolved: CalendarEvent | null) => void
  onPostpone: () => void
}

function Decision({ conflict, number, count, wording, onDecide, onPostpone }: DecisionProps): ReactElement {
  const { texts } = wording
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const [name, description] = [useId(), useId()]
  const [first] = useState(conflict)
  const [choice, setChoice] = useState<Choice>({})
  const versions = versionsOf(conflict, useCombined(conflict))
  const fields = fieldsOf(conflict)
  const choices = Object.fromEntries(fields.map((field) => [field, choice[field] ?? proposalOf(versions, field)]))
  const { deleted } = conflict

  useLayoutEffect(() => {
    const element = dialog.current
    // A document that is none of a browser, as in a test runner, has dialogs without it.
    if (typeof element?.showModal === 'function') element.showModal()
    else element?.setAttribute('open', '')
    heading.current?.focus()
    // While it is still in the page, or the focus could not return.
    return () => element?.close?.()
  }, [])

  return (
    <dialog
      ref={dialog}
      className="baro-conflict"
      aria-labelledby={name}
      aria-describedby={description}
      onKeyDown={keepFocus}
      onCancel={(event) => {
        event.preventDefault()
        onPostpone()
      }}
      // A browser may close it against the page's will.
      onClose={(event) => event.currentTarget.open || onPostpone()}
    >
      <h2 ref={heading} id={name} tabIndex={-1}>
        {texts.conflict(String(conflict.localVersion.title || conflict.remoteVersion.title))}
      </h2>
      <p id={description}>
        {texts.conflictExplained}
        {count > 1 && <span className="baro-conflict-number"> {texts.conflictOf(number, count)}</span>}
      </p>
      <p role="status" className="baro-conflict-news">
        {first.remoteVersion === conflict.remoteVersion ? '' : texts.conflictChanged}
      </p>
      <ConflictVersions
        conflict={conflict}
        versions={versions}
        fields={fields}
        choice={choices}
        onChoose={(field, side) => setChoice({ ...choice, [field]: side })}
        wording={wording}
      />
      <div className="baro-conflict-buttons">
        <button type="button" className="baro-button" onClick={onPostpone}>
          {texts.later}
        </button>
        <button
          type="button"
          className="baro-button"
          onClick={() => onDecide(deleted === 'remote' ? null : conflict.remoteVersion)}
        >
          {texts.keepTheirs}
        </button>
        <button
          type="button"
          className="baro-button"
          onClick={() => onDecide(deleted === 'local' ? null : conflict.localVersion)}
        >
          {texts.keepMine}
        </button>
        {deleted === undefined && (
          <button
            type="button"
            className="baro-button baro-button-first"
            onClick={() => onDecide(chosen(versions, fields, choices))}
          >
            {texts.save}
          </button>
        )}
      </div>
    </dialog>
  )
}

/** What merging makes of the versions; nothing where one side deleted the event or what both were made from is not known. */
function useCombined({ localVersion, remoteVersion, baseVersion, deleted }: ConflictInfo): CalendarEvent | undefined {
  const [combined, setCombined] = useState<CalendarEvent>()
  useEffect(() => {
    setCombined(undefined)
    if (baseVersion === undefined || deleted !== undefined) return undefined
    let isWanted = true
    new ConflictResolver('merge').resolve(localVersion, remoteVersion, baseVersion).then(
      (event) => isWanted && setCombined(event),
      // What cannot be merged is left to be chosen.
      () => {},
    )
    return () => {
      isWanted = false
    }
  }, [localVersion, remoteVersion, baseVersion, deleted])
  return combined
}

/** Has the focus go round inside; a modal dialog alone would let it out to the browser's own buttons. */
function keepFocus(event: KeyboardEvent<HTMLDialogElement>): void {
  if (event.key !== 'Tab') return
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('input:checked, button')]
  const [first, last] = [stops[0], stops.at(-1)]
  const present = document.activeElement
  const isFirst = present === first || present instanceof HTMLHeadingElement
  const next = event.shiftKey ? isFirst && last : present === last && first
  if (!next) return
  event.preventDefault()
  next.focus()
}
