import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openGate } from './support/gate.mjs'
import { connect, connected, create, eventAt, openBare, settled, shows, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { patience, until } from './support/until.mjs'

/** Where a page's calendar stands among the tabs: the last that its trace says of it. */
const standing = (page) =>
  page.evaluate(
    () =>
      baro
        .getTrace()
        .filter(({ kind }) => kind === 'standing')
        .at(-1)?.standing,
  )

/** Stops a page in the middle of what it does. Returns how it goes on. */
async function stop(context, page) {
  const devtools = await context.newCDPSession(page)
  await devtools.send('Debugger.enable')
  const paused = new Promise((resolve) => devtools.once('Debugger.paused', resolve))
  await devtools.send('Debugger.pause')
  await paused
  return async () => {
    await devtools.send('Debugger.resume')
    await devtools.detach()
  }
}

describe('the tabs of one user', () => {
  const room = openRoom({ site: serveBare })

  async function openTabs(t, count, { config = {}, before } = {}) {
    const server = await startServer(t)
    const gate = await openGate(t, server)
    const context = await room.context(t)
    if (before) await context.addInitScript(before)
    const given = {
      url: gate.socket,
      projectId: 'mine',
      user: { id: 'ana' },
      reconnect: { delay: 100, maxDelay: 500, maxAttempts: Infinity },
      ...config,
    }
    const open = async (more = {}) => {
      const page = await openBare(context, room.site, { ...given, ...more })
      await connect(page)
      return page
    }
    const tabs = []
    while (tabs.length < count) tabs.push(await open())
    const sockets = () => server.metric('baro_connections')
    return { server, gate, context, open, tabs, sockets }
  }

  /** The tab that leads, and the others. */
  async function divide(tabs) {
    // What one that leads has to do may have pushed that out of its trace.
    const standings = (await Promise.all(tabs.map(standing))).map((known) => known ?? 'leading')
    assert.deepEqual(standings.toSorted(), [...Array(tabs.length - 1).fill('following'), 'leading'])
    const at = standings.indexOf('leading')
    return { leader: tabs[at], followers: tabs.filter((_, which) => which !== at) }
  }

  const titles = (count, name) => Array.from({ length: count }, (_, number) => `${name} ${number}`)

  it('all ten of them use one socket, and each shows what any other does', async (t) => {
    const { server, tabs, sockets } = await openTabs(t, 10)
    assert.equal(await sockets(), 1)
    await Promise.all(tabs.map((tab, which) => create(tab, eventAt(9, `From ${which}`))))
    await Promise.all(tabs.map((tab) => shows(tab, titles(10, 'From'))))
    await Promise.all(tabs.map(settled))
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 10)
    assert.equal(await sockets(), 1)
    await divide(tabs)
  })

  it('go on by another one when the one that leads is closed or its process dies, and do nothing twice', async (t) => {
    const { server, context, open, tabs, sockets } = await openTabs(t, 3)
    for (const [round, end] of [
      (page) => page.close(),
      async (page) => {
        const devtools = await context.newCDPSession(page)
        const crashed = page.waitForEvent('crash')
        // Nobody is left to answer.
        devtools.send('Page.crash').catch(() => {})
        await crashed
        await page.close()
      },
    ].entries()) {
      const { leader, followers } = await divide(tabs)
      await create(leader, eventAt(9, `Leader ${round}`), { stored: true })
      await end(leader)
      await create(followers[0], eventAt(10, `Follower ${round}`))
      tabs.splice(0, tabs.length, ...followers, await open())
      await Promise.all(tabs.map(connected))
      await Promise.all(tabs.map(settled))
      const all = ['Leader', 'Follower'].flatMap((name) => titles(round + 1, name))
      await Promise.all(tabs.map((tab) => shows(tab, all)))
      await until('there is one socket', async () => (await sockets()) === 1)
    }
    // What one that is gone left behind is nobody's until the browser lets go of it, so no other waits for it.
    const events = await until('the server has all', async () => {
      const known = await server.events('mine')
      return known.length === 4 && known
    })
    assert.deepEqual(
      events.map(({ version }) => version),
      [1, 1, 1, 1],
    )
  })

  it('go on by another one when the one that leads hangs, which does nothing when it runs again', async (t) => {
    const { server, context, tabs, sockets } = await openTabs(t, 3)
    const { leader, followers } = await divide(tabs)
    const resume = await stop(context, leader)
    await create(followers[0], eventAt(9, 'Waits'))
    await create(followers[1], eventAt(10, 'Waits too'))
    await Promise.all(followers.map((tab) => shows(tab, ['Waits', 'Waits too'])))
    await Promise.all(followers.map(settled))
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 2)
    await resume()
    await untilIn(leader, () => {
      const last = baro
        .getTrace()
        .filter(({ kind }) => kind === 'standing')
        .at(-1)
      return last.standing === 'following' && baro.isConnected()
    })
    await until('there is one socket', async () => (await sockets()) === 1)
    await shows(leader, ['Waits', 'Waits too'])
    await Promise.all(tabs.map(settled))
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 2)
  })

  it('are handed over by one that is frozen', async (t) => {
    const { context, tabs, sockets } = await openTabs(t, 2)
    const { leader, followers } = await divide(tabs)
    // A headless page is never out of sight, and so never frozen: it is told so, and stopped, as freezing does.
    await leader.evaluate(() => void document.dispatchEvent(new Event('freeze')))
    const resume = await stop(context, leader)
    await until('the other leads', async () => (await standing(followers[0])) === 'leading')
    await connected(followers[0])
    await create(followers[0], eventAt(9, 'Goes on'))
    await settled(followers[0])
    await resume()
    await shows(leader, ['Goes on'])
    await connected(leader)
    await until('there is one socket', async () => (await sockets()) === 1)
  })

  it('ask once more for the lead where the answer finds nobody', async (t) => {
    const { tabs, sockets } = await openTabs(t, 2)
    const { leader, followers } = await divide(tabs)
    // What Chromium does now and then with an answer that comes while the page is stopped, instead of keeping it.
    await leader.evaluate(() => {
      navigator.locks.request = () => {
        delete navigator.locks.request
        return Promise.reject(new Error('The provided callback is no longer runnable.'))
      }
      document.dispatchEvent(new Event('freeze'))
    })
    await until('the other leads', async () => (await standing(followers[0])) === 'leading')
    await until('it is led', async () => (await standing(leader)) === 'following')
    await connected(leader)
    await until('there is one socket', async () => (await sockets()) === 1)
  })

  it('send what the one that led left behind, however late the browser lets go of it', async (t) => {
    const { server, context, gate, tabs } = await openTabs(t, 2)
    const { leader, followers } = await divide(tabs)
    gate.shut()
    await untilIn(leader, () => !baro.isConnected())
    await create(leader, eventAt(9, 'Left behind'), { stored: true })
    const lock = await leader.evaluate(async () => {
      const [stream] = baro.getSyncStatus().pendingActions[0].id.split('|')
      const { held } = await navigator.locks.query()
      return held.find(({ name }) => name.endsWith(stream)).name
    })
    // Somebody has the lock of what it wrote when the next one leads, and looks for that.
    const other = await openBare(context, room.site)
    await other.evaluate((name) => {
      const letGo = new Promise((resolve) => (globalThis.letGo = resolve))
      navigator.locks.request(name, () => ((globalThis.has = true), letGo))
    }, lock)
    await leader.close()
    await untilIn(other, () => globalThis.has)
    await until('the other leads', async () => (await standing(followers[0])) === 'leading')
    await untilIn(
      other,
      (wanted) => navigator.locks.query().then(({ pending }) => pending.some(({ name }) => name === wanted)),
      lock,
    )
    await other.evaluate(() => globalThis.letGo())
    gate.open()
    await until('the server has it', async () => (await server.events('mine')).length === 1)
    await settled(followers[0])
    assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 1)
  })

  it('disconnect one by one', async (t) => {
    const { tabs, sockets } = await openTabs(t, 3)
    const { leader, followers } = await divide(tabs)
    await leader.evaluate(() => baro.disconnect())
    await until('another one leads', async () => (await Promise.all(followers.map(standing))).includes('leading'))
    await Promise.all(followers.map(connected))
    assert.equal(await leader.evaluate(() => baro.getState()), 'disconnected')
    await create(followers[0], eventAt(9, 'Without it'))
    await Promise.all(followers.map((tab) => shows(tab, ['Without it'])))
    await Promise.all(followers.map(settled))
    await connect(leader)
    await shows(leader, ['Without it'])
    await until('there is one socket', async () => (await sockets()) === 1)
  })

  it('are one person to others, and nobody to each other', async (t) => {
    const { tabs, open } = await openTabs(t, 2)
    const other = await open({ user: { id: 'ben', name: 'Ben' } })
    const people = (page) => page.evaluate(() => [...baro.getActiveUsers().keys()].sort())
    await until('ben sees ana', async () => (await people(other)).join() === 'ana')
    for (const tab of tabs) await until('both see ben', async () => (await people(tab)).join() === 'ben')
    const { followers } = await divide(tabs)
    await followers[0].evaluate(() => baro.broadcastCursor({ x: 3, y: 4 }))
    await untilIn(other, () => baro.getActiveUsers().get('ana')?.cursor?.x === 3)
    await other.evaluate(() => baro.broadcastCursor({ x: 5, y: 6 }))
    for (const tab of tabs) await untilIn(tab, () => baro.getActiveUsers().get('ben')?.cursor?.x === 5)
    await followers[0].close()
    assert.deepEqual(await people(other), ['ana'])
  })

  for (const [without, before] of Object.entries({
    'Web Locks': () => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }),
    BroadcastChannel: () => delete globalThis.BroadcastChannel,
    IndexedDB: () => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }),
  })) {
    it(`have a socket each without ${without}`, async (t) => {
      const { server, tabs, sockets } = await openTabs(t, 2, { before })
      await until('there are two sockets', async () => (await sockets()) === 2)
      await Promise.all(tabs.map((tab, which) => create(tab, eventAt(9, `From ${which}`))))
      await Promise.all(tabs.map((tab) => shows(tab, titles(2, 'From'))))
      await Promise.all(tabs.map(settled))
      assert.equal(await server.metric('baro_writes_total{outcome="stored"}'), 2)
    })
  }

  it('have a socket each if the program says so', async (t) => {
    const { sockets, tabs } = await openTabs(t, 2, { config: { tabs: 'separate' } })
    await until('there are two sockets', async () => (await sockets()) === 2)
    await create(tabs[0], eventAt(9, 'Seen'))
    await shows(tabs[1], ['Seen'])
  })

  it('show each edit and replace a leader that closes, and it is told how quickly', async (t) => {
    const { open, tabs } = await openTabs(t, 2)
    const { leader, followers } = await divide(tabs)
    const times = []
    for (let number = 0; number < 20; number++) {
      const seen = leader.evaluate(
        ([title, most]) =>
          new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`${title} did not come`)), most)
            const look = () => {
              if (!baro.getEvents().some((event) => event.title === title)) return
              clearTimeout(timer)
              stop()
              resolve(Date.now())
            }
            const stop = baro.on('events-change', look)
            look()
          }),
        [`Timed ${number}`, patience],
      )
      const made = await followers[0].evaluate(
        (event) => {
          const at = Date.now()
          baro.createEvent(event)
          return at
        },
        eventAt(9, `Timed ${number}`),
      )
      times.push((await seen) - made)
    }
    await Promise.all(tabs.map(settled))
    const next = await open()
    const began = Date.now()
    await leader.close()
    await until('another one leads', async () =>
      (await Promise.all([followers[0], next].map(standing))).includes('leading'),
    )
    await Promise.all([followers[0], next].map(connected))
    const took = Date.now() - began
    times.sort((one, other) => one - other)
    t.diagnostic(
      `an edit shows in another tab after ${times[10]} ms (median), ${times[19]} ms at most; take-over ${took} ms`,
    )
  })
})
