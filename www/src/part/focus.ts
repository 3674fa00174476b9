import { useLayoutEffect, type RefObject } from 'react'

/**
 * Takes the focus into what opens, and gives it back when that closes with the focus still inside. A layout effect, because
 * it ends while the element is still in the page: once that is gone, the browser has dropped the focus.
 */
export function useFocusInside(
  opened: RefObject<HTMLElement | null>,
  find: (element: HTMLElement) => HTMLElement | null,
  isWanted = true,
): void {
  useLayoutEffect(() => {
    const element = opened.current
    if (!isWanted || !element) return undefined
    const before = document.activeElement
    find(element)?.focus({ preventScroll: true })
    return () => {
      if (before instanceof HTMLElement && element.contains(document.activeElement)) before.focus()
    }
    // Once, when it opens.
  }, [])
}
