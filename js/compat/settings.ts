// What the drop-in has to know and the original layer had in its sources: addresses, and what belongs to the program. Owns
// these settings; guarantees that reading them on a server or without a bundler's replacement does no harm. Does not know
// what they are used for.

import type { RealtimeConfig } from '../types.js'

/** The addresses that the original layer connected to. */
export interface Addresses {
  /** Of Story 2.3. Default `NEXT_PUBLIC_WS_URL`, else `ws://localhost:3001`. */
  calendar?: string
  /** Of `RealtimeEventSync` and what is made of it. Default `NEXT_PUBLIC_WS_ENDPOINT`, else `ws://localhost:4000`. */
  events?: string
  /** Of `CollaborationManager`. Default `NEXT_PUBLIC_COLLAB_WS_ENDPOINT`, else `ws://localhost:4001`. */
  collaboration?: string
}

/** The program's store of events, as far as `RealtimeEventSync` uses it: a Zustand store has this shape. */
export interface EventStore {
  getState(): {
    addEvent(event: unknown): void
    updateEvent(id: string, event: unknown): void
    deleteEvent(id: string): void
  }
}

/** The program's store of projects, as far as `RealtimeEventSync` uses it. */
export interface ProjectStore {
  getState(): {
    selectedProject?: { id: string } | null | undefined
    updateProject(id: string, project: unknown): void
    fetchMembers(projectId: string): unknown
  }
}

/** What shows a short text to the user, as far as `RealtimeEventSync` uses it. */
export interface Toast {
  success(text: string): unknown
  info(text: string): unknown
  warning(text: string): unknown
}

/** Where and how queued actions are sent. */
export interface ActionRequests {
  /** What the name of a resource is appended to. Default `/api`. */
  base?: string
  /** Sends one request. Default: the browser's `fetch`. A program that needs headers of its own puts them in here. */
  fetch?: (address: string, request: RequestInit) => Promise<Response>
}

/** All of it optional. */
export interface CompatSettings {
  addresses?: Addresses
  /**
   * Options of every calendar that is made, such as `user`, `auth`, `reconnect` or `conflict`. What a manager was
   * constructed with goes before them.
   */
  realtime?: Partial<Omit<RealtimeConfig, 'url'>>
  /** What `RealtimeEventSync` keeps up to date: the stores that the original imported. */
  stores?: { events?: EventStore; projects?: ProjectStore }
  toast?: Toast
  requests?: ActionRequests
  /** Loads the WebAssembly, for programs that host the file: `() => init('/baro_realtime_bg.wasm')` of `./slim`. */
  init?: () => Promise<void>
}

let settings: CompatSettings = {}

/** Sets what is given, and leaves the rest. It counts for connections and requests that are made afterwards. */
export function configure(given: CompatSettings): void {
  const { addresses, realtime, stores, requests } = settings
  settings = {
    ...settings,
    ...given,
    addresses: { ...addresses, ...given.addresses },
    realtime: { ...realtime, ...given.realtime },
    stores: { ...stores, ...given.stores },
    requests: { ...requests, ...given.requests },
  }
}

export const currentSettings = (): CompatSettings => settings

// Bundlers replace these expressions as a whole and give a page no `process`: so each stands there in full, and is tried.
declare const process: {
  env: { NEXT_PUBLIC_WS_URL?: string; NEXT_PUBLIC_WS_ENDPOINT?: string; NEXT_PUBLIC_COLLAB_WS_ENDPOINT?: string }
}

export const calendarAddress = (): string =>
  settings.addresses?.calendar || (named(() => process.env.NEXT_PUBLIC_WS_URL) ?? 'ws://localhost:3001')

export const eventsAddress = (): string =>
  settings.addresses?.events || (named(() => process.env.NEXT_PUBLIC_WS_ENDPOINT) ?? 'ws://localhost:4000')

export const collaborationAddress = (): string =>
  settings.addresses?.collaboration ||
  (named(() => process.env.NEXT_PUBLIC_COLLAB_WS_ENDPOINT) ?? 'ws://localhost:4001')

function named(read: () => string | undefined): string | undefined {
  try {
    return read() || undefined
  } catch {
    return undefined
  }
}
