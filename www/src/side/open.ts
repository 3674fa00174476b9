import { value } from '../live/value'

/** Beside the calendar there is room for it; over the calendar it stays closed until it is asked for. */
export const beside = matchMedia('(min-width: 1100px)')

export const sideIsOpen = value(beside.matches)

beside.addEventListener('change', () => sideIsOpen.set(beside.matches))
