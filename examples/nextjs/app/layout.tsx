import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import '@baro-calendar/realtime/react/style.css'
import './style.css'

export const metadata: Metadata = {
  title: 'Team calendar',
  description: 'A week that the server renders and everybody edits',
}

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
