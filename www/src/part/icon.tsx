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
  pencil: 'M4 16l.8-3.2L13 4.6a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2L7.2 15.2 4 16z',
  trash: 'M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6',
  check: 'M5 10.5l3.5 3.5L15 6.5',
  menu: 'M3 6h14M3 10h14M3 14h14',
  gear: 'M3 6h8M15 6h2M13 4.2v3.6M3 14h2M9 14h8M7 12.2v3.6',
  activity: 'M2.5 10.5h3l2-6 4 11 2.2-7 1.3 2h2.5',
  undo: 'M7 5L3.5 8.5 7 12M3.5 8.5H12a4.5 4.5 0 0 1 0 9H9',
  redo: 'M13 5l3.5 3.5L13 12M16.5 8.5H8a4.5 4.5 0 0 0 0 9h3',
  palette: 'M10 3.5c3 3.4 4.5 5.9 4.5 8a4.5 4.5 0 0 1-9 0c0-2.1 1.5-4.6 4.5-8z',
  conflict: 'M10 3v14M7 6L3.5 10 7 14M13 6l3.5 4L13 14',
  pause: 'M7 5v10M13 5v10',
  play: 'M7 4.5l8 5.5-8 5.5z',
  copy: 'M7 7h9v9H7zM4 13V4h9',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}
