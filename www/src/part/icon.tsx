const paths = {
  previous: 'M12 5l-5 5 5 5',
  next: 'M8 5l5 5-5 5',
  plus: 'M10 4v12M4 10h12',
  close: 'M5 5l10 10M15 5L5 15',
  sync: 'M4 10a6 6 0 0 1 10.4-4.1L16 7.5M16 4v3.5h-3.5M16 10a6 6 0 0 1-10.4 4.1L4 12.5M4 16v-3.5h3.5',
  waiting: 'M10 6v4l2.5 2M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0z',
  online: 'M3 8a10.5 10.5 0 0 1 14 0M5.6 11a6.6 6.6 0 0 1 8.8 0M8.2 14a2.8 2.8 0 0 1 3.6 0',
  offline:
    'M3 3l14 14M3 8a10.6 10.6 0 0 1 4-2.3M10.5 5A10.4 10.4 0 0 1 17 8M5.6 11a6.5 6.5 0 0 1 3.6-1.7M8.2 14a2.8 2.8 0 0 1 3.6 0',
  alert: 'M10 6.5v4M10 13.4v.1M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0z',
  sun: 'M10 3v1.5M10 15.5V17M3 10h1.5M15.5 10H17M5 5l1.1 1.1M13.9 13.9L15 15M5 15l1.1-1.1M13.9 6.1L15 5M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0z',
  moon: 'M16 11.8A6.5 6.5 0 0 1 8.2 4a6.5 6.5 0 1 0 7.8 7.8z',
  pencil: 'M4 16l.8-3.2L13 4.6a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L7.2 15.2 4 16z',
  trash: 'M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6',
  check: 'M5 10.5l3.5 3.5L15 6.5',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}
