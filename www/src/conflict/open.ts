import { value } from '../live/value'

/** The conflict whose versions are shown side by side. */
export const openConflict = value<string | undefined>(undefined)

export function decide(id: string | undefined): void {
  openConflict.set(id)
}
