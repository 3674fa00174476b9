import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../e2e/support/until.mjs'
import { configFor, makeConnected, showsIds, untilIn } from './support/page.mjs'
import { startPeer } from './support/peer.mjs'
import { openRoom } from './support/room.mjs'
import { created, event, pong, recovered, subscribed, welcome } from './support/script.mjs'

/** Ids of the events that the listeners of a type were told, in order. */
const toldIds = (page, type) =>
  page.evaluate((wanted) => heard.filter(([name]) => name === wanted).map(([, { id }]) => id), type)
const metrics = (page, ...names) => page.evaluate((wanted) => wanted.map((name) => baro.getMetrics()[name]), names)

/** A peer that goes on where it was left: from the position that a subscription names it sends what it has. */
const resuming = (history) => ({
  subscribe(connection, message) {
    const { seq } = message.payload
    const head = history.length
    if (seq === undefined) return connection.send(subscribed(message, { seq: head, events: history.map(asEvent) }))
    connection.send(recovered(message, { seq: head }), ...history.slice(seq))
  },
})
const asEvent = ({ payload }) => payload

describe('the changes of a channel', { concurrency: 6 }, () => {
  const room = openRoom()

  it('fed as 1, 2, 2, 5, 4, 6 are told as 1 to 6, once each, after one question', async (t) => {
    const peer = await startPeer(t, {
      subscribe(connection, message) {
        if (message.payload.seq === undefined) return connection.send(subscribed(message))
        // All that came after the position, as a server does: most of it is held in the page already.
        connection.send(recovered(message, { seq: 6 }), ...[3, 4, 5, 6].map((seq) => created(seq)))
      },
    })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await untilIn(page, () => baro.getMetrics().snapshots === 1)
    peer.last.send(...[1, 2, 2, 5, 4, 6].map((seq) => created(seq)))
    const six = [1, 2, 3, 4, 5, 6].map((seq) => `event-${seq}`)
    await showsIds(page, six)
    assert.deepEqual(await toldIds(page, 'event:created'), six)
    const messages = await page.evaluate(() =>
      heard.filter(([type, message]) => type === 'message' && message.seq).map(([, { seq }]) => seq),
    )
    assert.deepEqual(messages, [1, 2, 3, 4, 5, 6])
    const questions = peer.received('subscribe').map(({ payload }) => [payload.epoch, payload.seq])
    assert.deepEqual(questions, [
      [undefined, undefined],
      ['e1', 2],
    ])
    // What was held and came again counts as come again, too.
    const [gaps, duplicates, recoveries] = await metrics(page, 'gaps', 'duplicates', 'recoveries')
    assert.deepEqual([gaps, recoveries, duplicates >= 1], [1, 1, true])
  })

  it('that nobody can fill any more are replaced by the whole content, once', async (t) => {
    const peer = await startPeer(t, {
      subscribe(connection, message) {
        if (message.payload.seq === undefined) return connection.send(subscribed(message, { events: [event('old')] }))
        connection.send(subscribed(message, { seq: 900, events: [event('kept'), event('new')] }))
      },
    })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await showsIds(page, ['old'])
    peer.last.send(created(5), created(6), created(7))
    await showsIds(page, ['kept', 'new'])
    peer.last.send(created(901, 'after'))
    await showsIds(page, ['kept', 'new', 'after'])
    assert.equal(peer.received('subscribe').length, 2)
    assert.deepEqual(await metrics(page, 'gaps', 'snapshots', 'recoveries'), [1, 2, 0])
  })

  it('are taken up on every further connection, missed or not, and however soon it comes', async (t) => {
    const history = []
    const peer = await startPeer(t, resuming(history))
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await untilIn(page, () => baro.getMetrics().snapshots === 1)
    // Nothing missed, one missed, many missed, nothing missed again.
    for (const [round, missed] of [0, 1, 20, 0].entries()) {
      peer.last.close(1000)
      for (let count = 0; count < missed; count++) history.push(created(history.length + 1))
      await untilIn(page, (wanted) => baro.getMetrics().recoveries === wanted, round + 1)
      await showsIds(
        page,
        history.map(({ payload }) => payload.id),
      )
    }
    // Three connections within a few milliseconds: only the last one is answered.
    await page.evaluate(async () => {
      for (const wait of [3, 3, 3]) {
        baro.reconnect()
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    })
    history.push(created(history.length + 1))
    await untilIn(page, () => baro.isConnected())
    peer.last.send(history.at(-1))
    await showsIds(
      page,
      history.map(({ payload }) => payload.id),
    )
    assert.deepEqual(
      await toldIds(page, 'event:created'),
      history.map(({ payload }) => payload.id),
    )
    assert.deepEqual(await metrics(page, 'snapshots', 'gaps'), [1, 0])
  })

  it('of another history are not mixed with those that are known', async (t) => {
    const peer = await startPeer(t, {
      subscribe: (connection, message) =>
        connection.number === 1
          ? connection.send(subscribed(message, { seq: 7, events: [event('one', { version: 9 }), event('two')] }))
          : connection.send(
              subscribed(message, { epoch: 'e2', seq: 1, events: [event('one', { title: 'anew', version: 1 })] }),
            ),
    })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await showsIds(page, ['one', 'two'])
    peer.last.close(1000)
    await showsIds(page, ['one'])
    assert.deepEqual(await page.evaluate(() => [baro.getEvent('one').title, baro.getEvent('one').version]), ['anew', 1])
    peer.last.send(created(2, 'three'))
    await showsIds(page, ['one', 'three'])
  })

  it('without a position are told once, by the id of their message', async (t) => {
    const peer = await startPeer(t, {
      hello: () => {},
      subscribe: (connection, { id }) => connection.send({ type: 'ack', id }),
    })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await peer.last.until('subscribe')
    const plain = (id, version) => ({
      type: 'event:updated',
      id,
      timestamp: 1,
      payload: event('one', { version, title: `${id}, version ${version}` }),
    })
    peer.last.send(plain('m1', 1), plain('m1', 1), plain('m2', 2), plain('m1', 3), plain('m2', 4), plain('m3', 5))
    await untilIn(page, () => baro.getEvent('one')?.version === 5)
    assert.equal((await toldIds(page, 'event:created')).length + (await toldIds(page, 'event:updated')).length, 3)
    assert.deepEqual(await metrics(page, 'duplicates'), [3])
  })

  it('that were lost as the last ones are asked for when a pong tells the head', async (t) => {
    const history = [created(1), created(2)]
    const heartbeat = { interval: 1_000, timeout: 5_000 }
    const peer = await startPeer(t, {
      hello: (connection) => connection.send(welcome({ heartbeat })),
      subscribe: (connection, message) =>
        message.payload.seq === undefined
          ? connection.send(subscribed(message))
          : connection.send(recovered(message, { seq: 2 }), ...history.slice(message.payload.seq)),
      ping: (connection, message) => connection.send(pong(message, { time: 0, heads: { 'project:p': 2 } })),
    })
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await showsIds(page, ['event-1', 'event-2'])
    await peer.last.until('ping', 2)
    assert.equal(peer.received('subscribe').length, 2)
  })

  it('keep their order when they share a frame with others, and with a broken message', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await untilIn(page, () => baro.getMetrics().snapshots === 1)
    peer.last.send([created(1), 5, created(2), { type: [] }, created(3), null, [], created(4)])
    const four = [1, 2, 3, 4].map((seq) => `event-${seq}`)
    await showsIds(page, four)
    assert.deepEqual(await toldIds(page, 'event:created'), four)
    assert.deepEqual(await metrics(page, 'malformed', 'gaps'), [4, 0])
  })

  it('of a channel that was left are ignored, and those of one that was not go on', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer))
    await page.evaluate(() => baro.subscribe('calendar:c'))
    await page.evaluate(() => baro.unsubscribe('calendar:c'))
    await peer.last.until('unsubscribe')
    const onCalendar = { ...created(1, 'left', { projectId: 'q', calendarId: 'c' }), channel: 'calendar:c' }
    peer.last.send(onCalendar, created(1, 'stayed'))
    await showsIds(page, ['stayed'])
  })

  it('go to two subscribers of one channel over one subscription', async (t) => {
    const peer = await startPeer(t)
    const page = await room.page(t)
    await makeConnected(page, configFor(peer, { projectId: undefined }))
    await page.evaluate(() => Promise.all(['p', 'p', 'p'].map((project) => baro.subscribeToProject(project))))
    await page.evaluate(() => {
      baro.unsubscribeFromProject('p')
      baro.unsubscribe('project:p')
      return baro.send('echo', null, { requireAck: true })
    })
    assert.deepEqual([peer.received('subscribe').length, peer.received('unsubscribe').length], [1, 0])
    peer.last.send(created(1, 'heard'))
    await showsIds(page, ['heard'])
    await page.evaluate(() => baro.unsubscribeFromProject('p'))
    await until('the unsubscription', () => peer.received('unsubscribe').length === 1)
  })
})
