'use client'
// Who is typing, in a line that is always there, so that a screen reader tells when it changes.

import { type ReactElement, useMemo } from 'react'
import { classNames } from './class-name.js'
import { useSession } from './context.js'
import { users } from './presence.js'
import { useSource } from './source.js'
import { useWording, type WordingProps } from './wording.js'

/** What `TypingIndicator` takes. */
export interface TypingIndicatorProps extends WordingProps {
  className?: string | undefined
  /** Only who types in this element, as named to `sendTyping`; by default who types anywhere. */
  elementId?: string | undefined
}

/** Who types. */
export function TypingIndicator({ className, elementId, ...wording }: TypingIndicatorProps): ReactElement {
  const session = useSession('TypingIndicator')
  const everybody = useSource(useMemo(() => users(session), [session]))
  const { texts } = useWording(wording)
  const names = [...everybody.values()]
    .filter(({ typing }) => typing !== undefined && (elementId === undefined || typing.elementId === elementId))
    .map(({ name }) => name)
  return (
    <p role="status" className={classNames('baro-typing', className)} data-typing={names.length > 0 || undefined}>
      {names.length > 0 ? texts.typing(names) : ''}
    </p>
  )
}
