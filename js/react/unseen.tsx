'use client'
// Text for those who hear the page. Hidden without the style sheet, too: it would say everything twice.

import type { CSSProperties, ReactElement, ReactNode } from 'react'

const unseen: CSSProperties = {
  position: 'absolute',
  width: 1,
  height: 1,
  margin: -1,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
}

export function Unseen({ role, children }: { role?: 'status'; children: ReactNode }): ReactElement {
  return (
    <span role={role} style={unseen}>
      {children}
    </span>
  )
}
