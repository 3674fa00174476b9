import type { Source } from './live/source'

export type Theme = 'light' | 'dark'

const key = 'baro-demo.theme'
const system = matchMedia('(prefers-color-scheme: dark)')
const watchers = new Set<() => void>()
let chosen: Theme | undefined = read()

function read(): Theme | undefined {
  try {
    const value = localStorage.getItem(key)
    return value === 'light' || value === 'dark' ? value : undefined
  } catch {
    return undefined
  }
}

function apply(): void {
  if (chosen) document.documentElement.dataset.theme = chosen
  else delete document.documentElement.dataset.theme
  for (const watcher of [...watchers]) watcher()
}

export const currentTheme: Source<Theme> = {
  get: () => chosen ?? (system.matches ? 'dark' : 'light'),
  subscribe(changed) {
    watchers.add(changed)
    return () => watchers.delete(changed)
  },
}

/** Back to what the system prefers forgets the choice, so that the page follows the system again. */
export function toggleTheme(): void {
  const next: Theme = currentTheme.get() === 'dark' ? 'light' : 'dark'
  chosen = next === (system.matches ? 'dark' : 'light') ? undefined : next
  try {
    if (chosen) localStorage.setItem(key, chosen)
    else localStorage.removeItem(key)
  } catch {
    // Not kept for the next visit; it holds for this one.
  }
  apply()
}

system.addEventListener('change', apply)
apply()
