'use client'
// `@baro-calendar/realtime/react`: everything that it exports, by name, as Next.js wants it of a client module.

export { useConnectionError, useConnectionState } from './connection.js'
export { useCalendar } from './context.js'
export { useCalendarEvent, useCalendarEvents, useHasPendingWrite } from './events.js'
export { RealtimeCalendarProvider, type RealtimeCalendarProviderProps } from './provider.js'
