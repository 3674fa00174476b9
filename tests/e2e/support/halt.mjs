// Stops a page inside a chosen step of a write or a logout: its only thread asks a server, synchronously, that never answers. So the
// step is neither done nor undone when the browser is killed.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { until } from './until.mjs'

/** The steps of a write between the call and the end, in order. */
export const steps = [
  'before the row is put',
  'before the transaction is committed',
  'when the row is stored and nobody knows',
  'before the frame is sent',
  'when the frame is sent',
  'before the answer is read',
  'before the row is removed',
  'before the removal is committed',
  'when the row is removed and nobody knows',
]

/** What is installed in the page before its own scripts: `haltAt(step)` stops it when it comes there next. */
function installHalt(address) {
  let armed
  const reach = (step) => {
    if (step !== armed) return
    armed = undefined
    const request = new XMLHttpRequest()
    request.open('GET', `${address}/${encodeURIComponent(step)}`, false)
    request.send()
  }
  globalThis.haltAt = (step) => (armed = step)

  // What each transaction does to the table of writes.
  const done = new WeakMap()
  const { put, delete: remove } = IDBObjectStore.prototype
  const note = (store, what) => {
    if (store.name === 'outbox') done.set(store.transaction, what)
    return store.name === 'outbox'
  }
  IDBObjectStore.prototype.put = function (...given) {
    if (note(this, 'put')) reach('before the row is put')
    return put.apply(this, given)
  }
  IDBObjectStore.prototype.delete = function (...given) {
    if (note(this, 'delete')) reach('before the row is removed')
    return remove.apply(this, given)
  }
  const { commit } = IDBTransaction.prototype
  IDBTransaction.prototype.commit = function () {
    const what = done.get(this)
    if (what === 'put') reach('before the transaction is committed')
    if (what === 'delete') reach('before the removal is committed')
    return commit.call(this)
  }
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (...given) {
    const made = transaction.apply(this, given)
    // The first listener: nobody has been told when it stops.
    made.addEventListener('complete', () => {
      const what = done.get(made)
      if (what === 'put') reach('when the row is stored and nobody knows')
      if (what === 'delete') reach('when the row is removed and nobody knows')
    })
    return made
  }

  const { clear } = IDBObjectStore.prototype
  IDBObjectStore.prototype.clear = function () {
    if (this.name === 'outbox') reach('before the tables are emptied')
    return clear.call(this)
  }
  const { deleteDatabase } = IDBFactory.prototype
  IDBFactory.prototype.deleteDatabase = function (name) {
    reach('before the database is deleted')
    return deleteDatabase.call(this, name)
  }

  let isUnanswered = false
  const { send } = WebSocket.prototype
  WebSocket.prototype.send = function (data) {
    const isWrite = typeof data === 'string' && data.includes('"event:')
    if (isWrite) reach('before the frame is sent')
    send.call(this, data)
    if (!isWrite) return
    isUnanswered = true
    reach('when the frame is sent')
  }
  globalThis.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given)
      this.addEventListener('message', () => {
        if (isUnanswered) reach('before the answer is read')
      })
    }
  }
}

/** Prepares the pages of a context. `reached(step)` waits until one of them stands in that step. */
export async function prepareHalt(t, context) {
  const asked = []
  const server = createServer((request) => asked.push(decodeURIComponent(request.url.slice(1))))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await context.addInitScript(installHalt, `http://127.0.0.1:${server.address().port}`)
  return { reached: (step) => until(`the page stands ${step}`, () => asked.includes(step)) }
}
