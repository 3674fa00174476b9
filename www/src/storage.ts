/**
 * What this browser remembers of the page's own settings. Storage can be forbidden; then a choice holds until the page
 * is closed, and nothing else depends on it.
 */
export function recall(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(`baro-demo.${key}`) ?? 'null') as unknown
  } catch {
    return null
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`baro-demo.${key}`, JSON.stringify(value))
  } catch {
    // Not kept for the next visit.
  }
}
