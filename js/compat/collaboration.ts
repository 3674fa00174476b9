// `CollaborationManager` of 8c: where others point, what they select and type. Owns one part in a connection, from its making
// until `disconnect()`. The window events `cursor-update`, `user-typing` and `element-selected` are the calendar's, which also
// knows whose cursor is gone.

import type { UserCursor, WebSocketMessage } from '../types.js'
import { collaborationAddress } from './settings.js'
import { WebSocketManager } from './websocket.js'

/** 8c: tells others where this user points, what he selects and types, and knows where they point. */
export class CollaborationManager {
  readonly #socket: WebSocketManager

  /** Connects; the original forgot to. */
  constructor() {
    this.#socket = new WebSocketManager({ url: collaborationAddress(), isQuiet: true })
    void this.connect()
  }

  connect(): Promise<void> {
    return this.#socket.connect()
  }

  disconnect(): void {
    this.#socket.disconnect()
  }

  sendCursorPosition(position: { x: number; y: number; elementId?: string }): void {
    this.#socket.send({ type: 'CURSOR_MOVE', payload: position })
  }

  sendSelection(elementId: string, selection: unknown): void {
    this.#socket.send({ type: 'ELEMENT_SELECT', payload: { elementId, selection } })
  }

  sendTyping(elementId: string, isTyping: boolean): void {
    this.#socket.send({ type: 'USER_TYPING', payload: { elementId, isTyping } })
  }

  /** Has `listener` called when `getCursors()` gives something else. */
  subscribe(listener: () => void): () => void {
    const cursors = ({ type }: WebSocketMessage) => {
      if (type === 'user:cursor' || type === 'user:left') listener()
    }
    this.#socket.on('message', cursors).on('state-change', listener)
    return () => void this.#socket.off('message', cursors).off('state-change', listener)
  }

  /** Where the others point who are still here. */
  getCursors(): UserCursor[] {
    return [...(this.#socket.calendar?.getCursors() ?? [])]
  }
}
