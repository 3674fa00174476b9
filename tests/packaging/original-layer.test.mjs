import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { installPackage, link, runNode } from './installed.mjs'

const program = `
import * as layer from '@baro-calendar/realtime/compat'
import { createElement as element } from 'react'
import { renderToString } from 'react-dom/server'

function Hooks() {
  const { connectionState, activeUsers, events } = layer.useRealtimeCalendar({ autoConnect: true, projectId: 'p' })
  const { isConnected } = layer.useRealtimeSync()
  const { pendingActions, syncProgress } = layer.useSyncStatus()
  layer.useProjectSubscription('p')
  return element('p', null, JSON.stringify([connectionState, activeUsers.size, events, isConnected, pendingActions, syncProgress]))
}
const shown = ['CollaborationCursors', 'ActiveUsersList', 'ConnectionStatus', 'SyncProgress', 'RealtimeCursors',
  'RealtimeConnectionStatus']
const hooks = renderToString(element(Hooks)).replaceAll('&quot;', '"').replace(/<.?p>/g, '')
const words = shown.map((name) => renderToString(element(layer[name])).replace(/<[^>]*>/g, ''))

const heard = []
const emitter = new layer.EventEmitter()
const twice = (given) => heard.push(['twice', given])
const leave = () => emitter.off('a', twice)
emitter.on('a', twice).on('a', twice).once('a', (given) => heard.push(['once', given])).on('a', leave)
const answers = [emitter.emit('a', 1), emitter.emit('a', 2), emitter.emit('a', 3), emitter.emit('b'), emitter.listenerCount('a')]
const failed = ['', undefined].map((url) => { try { new layer.WebSocketManager({ url }) } catch (error) { return error.code } })
const state = new layer.WebSocketManager({ url: 'ws://127.0.0.1:9' }).getState()
console.log(JSON.stringify({ hooks: JSON.parse(hooks), words, heard, answers, failed, state }))
`

describe('the original names on a server', () => {
  let said
  before(() => {
    const folder = installPackage()
    link(folder, ['react', 'react-dom'])
    said = runNode(folder, 'render.mjs', program)
  })

  it('render the disconnected state', () => {
    const progress = { completed: 0, total: 0, percentage: 100 }
    assert.deepEqual(said.hooks, ['disconnected', 0, [], false, [], progress])
    assert.ok(said.words[2].includes('Offline'), said.words[2])
    assert.deepEqual([said.words[3], said.words[5]], ['', ''])
    assert.equal(said.state, 'disconnected')
  })

  it('call listeners as an EventEmitter does: a removed one no more, one of two additions at a time', () => {
    const calls = [
      ['twice', 1],
      ['twice', 1],
      ['once', 1],
      ['twice', 2],
    ]
    assert.deepEqual([said.heard, said.answers], [calls, [true, true, true, false, 1]])
  })

  it('refuse a manager without an address', () => {
    assert.deepEqual(said.failed, ['invalid_argument', 'invalid_argument'])
  })
})
