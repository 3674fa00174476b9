'use client'
// A value that has stayed the same for a while.

import { useEffect, useState } from 'react'

/** The last `value` that stayed for `ms` milliseconds; `undefined` before any did. */
export function useSettled<Value>(value: Value, ms: number): Value | undefined {
  const [settled, setSettled] = useState<Value>()
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
