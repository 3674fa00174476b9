// `RealtimeEventSync` of 8c: keeps the program's stores up to date with what others do, and tells the user. Owns the texts
// and what is done about which message. The stores and the toast are the program's own; without them nothing happens.

import type { WebSocketMessage } from '../types.js'
import { currentSettings, eventsAddress } from './settings.js'
import { isObject } from './spelling.js'
import { WebSocketManager } from './websocket.js'

/** Several of them keep the same stores: each message is worked off by one. */
const handled = new WeakSet<WebSocketMessage>()

/** 8c: keeps the stores that `configure` was given up to date with what others do, and tells the user. */
export class RealtimeEventSync {
  readonly #socket: WebSocketManager

  constructor() {
    this.#socket = new WebSocketManager({
      url: eventsAddress(),
      onMessage: (message) => this.#handleMessage(message),
      onConnect: () => this.#handleConnect(),
    })
  }

  /** The manager that it uses, for those who want to know its state. */
  get manager(): WebSocketManager {
    return this.#socket
  }

  connect(): Promise<void> {
    return this.#socket.connect()
  }

  disconnect(): void {
    this.#socket.disconnect()
  }

  subscribeToProject(projectId: string): void {
    this.#socket.send({ type: 'SUBSCRIBE_PROJECT', payload: { projectId } })
  }

  unsubscribeFromProject(projectId: string): void {
    this.#socket.send({ type: 'UNSUBSCRIBE_PROJECT', payload: { projectId } })
  }

  #handleConnect(): void {
    const selected = currentSettings().stores?.projects?.getState().selectedProject
    if (selected) this.subscribeToProject(selected.id)
  }

  #handleMessage(message: WebSocketMessage): void {
    if (handled.has(message)) return
    handled.add(message)
    const { type, payload } = message
    const { stores, toast } = currentSettings()
    const [events, projects] = [stores?.events?.getState(), stores?.projects?.getState()]
    switch (type) {
      case 'EVENT_CREATED':
        events?.addEvent(payload)
        return void toast?.success('새로운 이벤트가 생성되었습니다')
      case 'EVENT_UPDATED':
        if (isObject(payload)) events?.updateEvent(String(payload['id']), payload)
        return void toast?.info('이벤트가 업데이트되었습니다')
      case 'EVENT_DELETED':
        events?.deleteEvent(String(payload))
        return void toast?.warning('이벤트가 삭제되었습니다')
      case 'PROJECT_UPDATED':
        if (isObject(payload)) projects?.updateProject(String(payload['id']), payload)
        return
      case 'USER_JOINED_PROJECT': {
        if (!isObject(payload)) return
        const { projectId, user } = payload
        if (typeof projectId === 'string') projects?.fetchMembers(projectId)
        const name = isObject(user) ? user['name'] : undefined
        if (typeof name === 'string') toast?.success(`${name}님이 프로젝트에 참여했습니다`)
      }
    }
  }
}
