import { useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'

/** Of the time at most a quarter goes into drawing. */
const share = 3

/**
 * The newest value, but no more often than drawing it allows. With hundreds of events in one hour the calendar component
 * takes a tenth of a second to lay them out, and each answer of the server is a change: drawn one by one, these would leave
 * the page no time for anything else. Where drawing is quick nothing waits.
 */
export function usePaced<T>(newest: T): T {
  const [drawn, setDrawn] = useState(newest)
  const last = useRef({ endedAt: 0, took: 0 })

  useEffect(() => {
    if (newest === drawn) return undefined
    const { endedAt, took } = last.current
    const timer = setTimeout(
      () => {
        const began = performance.now()
        flushSync(() => setDrawn(newest))
        const now = performance.now()
        last.current = { endedAt: now, took: now - began }
      },
      Math.max(0, endedAt + took * share - performance.now()),
    )
    return () => clearTimeout(timer)
  }, [newest, drawn])

  return drawn
}
