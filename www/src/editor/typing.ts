import { useCallback, useEffect, useRef } from 'react'
import { useSession } from '../live/context'
import { typingIn } from '../live/people'

/** Whoever has not pressed a key for so long is thinking. */
const idleMs = 2000

const typed = new Set(['title', 'location', 'description', 'attendees'])

/** Tells the others in which field of an event this person types. */
export function useTyping(eventId: string): (field: string | undefined) => void {
  const { calendar } = useSession()
  const field = useRef<string>(undefined)
  const timer = useRef(0)

  const stop = useCallback(() => {
    clearTimeout(timer.current)
    if (field.current === undefined) return
    calendar.sendTyping(typingIn(eventId, field.current), false)
    field.current = undefined
  }, [calendar, eventId])

  useEffect(() => stop, [stop])

  return useCallback(
    (next) => {
      if (next === undefined || !typed.has(next)) return
      if (next !== field.current) {
        stop()
        field.current = next
        calendar.sendTyping(typingIn(eventId, next), true)
      }
      clearTimeout(timer.current)
      timer.current = window.setTimeout(stop, idleMs)
    },
    [calendar, eventId, stop],
  )
}
