'use client'
// What this user does, told to the others for as long as he does it. Guarantees that it is taken back when he stops, leaves
// or the component is unmounted. Whoever could not hear it is told by the calendar.

import { useCallback, useEffect, useMemo, useRef } from 'react'
import { useSession } from './context.js'
import { presenceCalls } from './presence.js'

/** Tells that this user edits an event while the component is mounted; nothing with `null`. */
export function useEditing(eventId: string | null): void {
  const session = useSession('useEditing')
  useEffect(() => {
    if (eventId === null) return undefined
    const { sendEditing } = presenceCalls(session)
    const tell = () => sendEditing(eventId)
    tell()
    // There may have been no calendar to tell it to.
    const stop = session.on('connected', tell)
    return () => {
      stop()
      sendEditing(null)
    }
  }, [session, eventId])
}

/** To be spread on what is typed in: `<input {...useTyping('title')} />`. */
export interface TypingProps {
  onInput: () => void
  onBlur: () => void
}

/** Tells that this user types in an element, from the first letter until a pause of `pauseMs` (3000) or until he leaves it. */
export function useTyping(elementId: string, pauseMs = 3_000): TypingProps {
  const session = useSession('useTyping')
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const stop = useCallback(() => {
    if (timer.current === undefined) return
    clearTimeout(timer.current)
    timer.current = undefined
    presenceCalls(session).sendTyping(elementId, false)
  }, [session, elementId])
  useEffect(() => stop, [stop])
  return useMemo(
    () => ({
      onInput: () => {
        if (timer.current === undefined) presenceCalls(session).sendTyping(elementId, true)
        else clearTimeout(timer.current)
        timer.current = setTimeout(stop, pauseMs)
      },
      onBlur: stop,
    }),
    [session, elementId, pauseMs, stop],
  )
}
