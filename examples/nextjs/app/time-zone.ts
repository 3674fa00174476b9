'use client'

import { useSyncExternalStore } from 'react'

const never = () => () => {}

/**
 * Where the visitor is, such as `Asia/Seoul`. The server cannot know it and renders UTC; so does the browser while it takes the
 * page over, and then once more with its own.
 */
export const useTimeZone = (): string =>
  useSyncExternalStore(
    never,
    () => Intl.DateTimeFormat().resolvedOptions().timeZone,
    () => 'UTC',
  )
