import { realtimeError } from './error.js'
import { RealtimeCalendar as Compiled } from './glue.js'
import { isLoaded } from './load.js'
import type { RealtimeConfig } from './types.js'

/** A calendar that several people edit, in this page at once, on the server as soon as it can be reached. */
export class RealtimeCalendar extends Compiled {
  /**
   * Makes a calendar; nothing is opened yet.
   * @throws {RealtimeError} `not_initialized` before `init()` has finished, `invalid_argument` for a wrong option.
   */
  constructor(config: RealtimeConfig) {
    if (!isLoaded()) {
      throw realtimeError(
        'not_initialized',
        'The WebAssembly is not loaded yet: call `await init()` from @baro-calendar/realtime before `new RealtimeCalendar(...)`.',
        { retryable: true },
      )
    }
    super(config)
  }
}
