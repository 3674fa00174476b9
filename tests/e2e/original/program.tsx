// What the original program had besides the layer: stores, a toast, icons, a sign-in. Small, and real.

import type { ReactNode } from 'react'
import { create } from 'zustand'

interface Event {
  id: string
  title: string
  version?: number
}

interface CalendarState {
  events: Event[]
  optimistic: Map<string, Event>
  addEvent(event: Event): void
  updateEvent(id: string, changes: Partial<Event>): void
  deleteEvent(id: string): void
  setOptimisticUpdate(id: string, event: Event): void
  revertOptimisticUpdate(id: string): void
  hasOptimisticUpdate(id: string): boolean
}

export const useCalendarStore = create<CalendarState>((set, get) => ({
  events: [],
  optimistic: new Map(),
  addEvent: (event) => set(({ events }) => ({ events: [...events, event] })),
  updateEvent: (id, changes) =>
    set(({ events }) => ({ events: events.map((event) => (event.id === id ? { ...event, ...changes } : event)) })),
  deleteEvent: (id) => set(({ events }) => ({ events: events.filter((event) => event.id !== id) })),
  setOptimisticUpdate: (id, event) => set(({ optimistic }) => ({ optimistic: new Map(optimistic).set(id, event) })),
  revertOptimisticUpdate: (id) =>
    set(({ optimistic }) => ({ optimistic: new Map([...optimistic].filter(([other]) => other !== id)) })),
  hasOptimisticUpdate: (id) => get().optimistic.has(id),
}))

interface ProjectState {
  selectedProject: { id: string } | null
  names: Record<string, string>
  fetched: string[]
  updateProject(id: string, project: { name: string }): void
  fetchMembers(projectId: string): void
}

export const useProjectStore = create<ProjectState>((set) => ({
  selectedProject: null,
  names: {},
  fetched: [],
  updateProject: (id, { name }) => set(({ names }) => ({ names: { ...names, [id]: name } })),
  fetchMembers: (projectId) => set(({ fetched }) => ({ fetched: [...fetched, projectId] })),
}))

/** What the user was told, oldest first. */
export const toasts: string[] = []

const show = (text: string) => void toasts.push(text)
export const toast = { success: show, info: show, warning: show }

export const cn = (...names: (string | false | undefined)[]) => names.filter(Boolean).join(' ')

export function throttle<Given extends unknown[]>(call: (...given: Given) => void, ms: number) {
  let last = 0
  return (...given: Given) => {
    if (Date.now() - last < ms) return
    last = Date.now()
    call(...given)
  }
}

export const refreshAuthToken = async () => 'token-of-the-session'
export const getAuthToken = () => 'token-of-the-session'
export const getUserProjects = () => [{ id: 'p' }]

const icon = (name: string) => () => <span data-icon={name} />
export const WifiIcon = icon('wifi')
export const WifiOffIcon = icon('wifi-off')
export const RefreshIcon = icon('refresh')
export const AlertCircleIcon = icon('alert')
export const Loader2 = icon('loader')

export const Progress = ({ value }: { value: number }) => <progress value={value} max={100} />
export const ConnectionDetails = (): ReactNode => <p>Details</p>
