import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { installPackage, packageIn } from './installed.mjs'

const message = (id) => ({ type: 'note', payload: null, timestamp: 0, id })

describe('MessageBatcher', () => {
  let MessageBatcher
  let sent
  const send = (messages) => sent.push(messages.map(({ id }) => id))
  before(async () => {
    ;({ MessageBatcher } = await import(pathToFileURL(join(packageIn(installPackage()), 'esm/index.js')).href))
  })

  function batcher(options) {
    sent = []
    return new MessageBatcher(send, options)
  }

  it('hands over when the batch is full', () => {
    const batch = batcher({ batchSize: 2 })
    batch.add(message('1'))
    assert.deepEqual(sent, [])
    batch.add(message('2'))
    assert.deepEqual(sent, [['1', '2']])
  })

  it('hands over when the delay after the first message is over, once', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const batch = batcher()
    batch.add(message('1'))
    t.mock.timers.tick(60)
    batch.add(message('2'))
    t.mock.timers.tick(39)
    assert.deepEqual(sent, [])
    t.mock.timers.tick(1)
    assert.deepEqual(sent, [['1', '2']])
    t.mock.timers.tick(1000)
    assert.equal(sent.length, 1)
  })

  it('flushes at once, and nothing when there is nothing', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const batch = batcher()
    batch.flush()
    batch.add(message('1'))
    batch.flush()
    t.mock.timers.tick(1000)
    assert.deepEqual(sent, [['1']])
  })

  it('keeps a message that is added while it sends for the next batch', () => {
    const seen = []
    const batch = new MessageBatcher(
      (messages) => {
        seen.push(messages.map(({ id }) => id))
        if (seen.length === 1) batch.add(message('later'))
      },
      { batchSize: 1, batchDelay: 0 },
    )
    batch.add(message('1'))
    assert.deepEqual(seen, [['1'], ['later']])
  })
})
