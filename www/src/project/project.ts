import type { CalendarEvent, RealtimeCalendar } from '@baro-calendar/realtime'
import { palette, safeColor } from '../color'
import { notify } from '../feedback/notice'
import { value } from '../live/value'
import { page } from '../page'
import { recall, remember } from '../storage'

/**
 * The projects of this page: which there are, which of them this person looks at, and in which colour. That is each
 * person's own and stays in this browser; who knows the same address sees the same three projects at first.
 */
export interface Project {
  id: string
  name: string
  color: string
  shown: boolean
}

const key = `projects.${page.projectId}`

const swatch = (name: string) => safeColor(palette.find((one) => one.name === name)?.value)

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const initial: readonly Project[] = [
  { id: page.projectId, name: capital(page.projectId), color: swatch('Blue'), shown: true },
  { id: `${page.projectId}.launch`, name: 'Launch', color: swatch('Orange'), shown: true },
  { id: `${page.projectId}.office`, name: 'Office', color: swatch('Green'), shown: true },
]

function readable(stored: unknown): readonly Project[] {
  if (!Array.isArray(stored)) return initial
  const list = (stored as Partial<Project>[]).flatMap((one) =>
    typeof one?.id === 'string' && typeof one.name === 'string'
      ? { id: one.id, name: one.name, color: safeColor(one.color), shown: one.shown !== false }
      : [],
  )
  return list.some(({ id }) => id === page.projectId) ? list : initial
}

export const projects = value(readable(recall(key)))

function set(next: readonly Project[]): void {
  projects.set(next)
  remember(key, next)
}

export function changeProject(id: string, changes: Partial<Omit<Project, 'id'>>): void {
  set(projects.get().map((project) => (project.id === id ? { ...project, ...changes } : project)))
}

/** Two people who give a project the same name mean the same project. */
export function addProject(name: string): void {
  const slug = name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
  if (slug === '') return
  const id = `${page.projectId}.${slug}`
  if (projects.get().some((project) => project.id === id)) return changeProject(id, { shown: true })
  const used = new Set(projects.get().map(({ color }) => color))
  const color = palette.find((one) => !used.has(one.value))?.value ?? palette[0]?.value
  set([...projects.get(), { id, name, color: safeColor(color), shown: true }])
}

/** Where a new event goes: the first project that is looked at. */
export function projectForNew(): string {
  return projects.get().find(({ shown }) => shown)?.id ?? page.projectId
}

export function projectOf(event: Pick<CalendarEvent, 'projectId'>): string {
  return event.projectId ?? 'default'
}

export function colorsOf(list: readonly Project[]): ReadonlyMap<string, string> {
  return new Map(list.filter(({ shown }) => shown).map(({ id, color }) => [id, color]))
}

/**
 * Keeps the calendar subscribed to what is looked at. The page's own project is in the calendar's configuration, because
 * a write that names none goes there; switched off it is only not drawn. Returns how to stop.
 */
export function followProjects(calendar: RealtimeCalendar): () => void {
  const followed = new Set<string>()
  const sync = () => {
    const wanted = new Set(
      projects
        .get()
        .filter(({ id, shown }) => shown && id !== page.projectId)
        .map(({ id }) => id),
    )
    for (const id of wanted) {
      if (followed.has(id)) continue
      followed.add(id)
      calendar
        .subscribeToProject(id)
        .catch((error: Error) => notify('alert', `A project cannot be shown. ${error.message}`))
    }
    for (const id of [...followed]) {
      if (wanted.has(id)) continue
      followed.delete(id)
      calendar.unsubscribeFromProject(id)
    }
  }
  sync()
  return projects.subscribe(sync)
}
