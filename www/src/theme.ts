import { value } from './live/value'
import { recall, remember } from './storage'

export type ThemeChoice = 'system' | 'light' | 'dark'

const stored = recall('theme')

/** What the person chose. The style sheets follow the system by themselves as long as nothing is chosen. */
export const currentChoice = value<ThemeChoice>(stored === 'light' || stored === 'dark' ? stored : 'system')

function apply(): void {
  const choice = currentChoice.get()
  if (choice === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = choice
}

export function chooseTheme(choice: ThemeChoice): void {
  currentChoice.set(choice)
  remember('theme', choice)
}

currentChoice.subscribe(apply)
apply()
