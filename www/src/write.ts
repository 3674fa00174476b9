import type { PendingWrite } from '@baro-calendar/realtime'
import { notify } from './feedback/notice'

/**
 * The page shows a write at once and learns later what became of it. Only a refusal is worth a word: by then the
 * calendar has already taken the change back.
 */
export function follow(what: string, write: () => PendingWrite): PendingWrite | undefined {
  const refused = (error: unknown) =>
    notify('alert', `${what} was refused. ${error instanceof Error ? error.message : String(error)}`)
  try {
    const pending = write()
    pending.confirmed.catch(refused)
    return pending
  } catch (error) {
    refused(error)
    return undefined
  }
}
