import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openBare, untilIn } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { tokenFor } from './support/token.mjs'

describe('an expired token', () => {
  const room = openRoom({ site: serveBare })

  async function openPage(t) {
    const server = await startServer(t, { jwt: true, origin: room.site.address })
    const context = await room.context(t)
    const addresses = []
    context.on('request', (request) => addresses.push(request.url()))
    context.on('page', (page) => page.on('websocket', (socket) => addresses.push(socket.url())))
    const page = await openBare(context, room.site)
    return { server, page, addresses }
  }

  const expired = tokenFor('ana', { lasts: -3600 })

  it('is refreshed once, and the connection comes up', async (t) => {
    const { server, page, addresses } = await openPage(t)
    const fresh = tokenFor('ana')
    const asked = await page.evaluate(
      async ([url, old, next]) => {
        let count = 0
        const refreshToken = async () => {
          count += 1
          return next
        }
        globalThis.makeCalendar({ url, projectId: 'mine', auth: { token: old, refreshToken } })
        await baro.connect()
        await baro.subscribeToProject('mine')
        return count
      },
      [server.socket, expired, fresh],
    )
    assert.equal(asked, 1)
    assert.equal(await page.evaluate(() => baro.getState()), 'connected')
    assert.ok(
      addresses.some((address) => address.startsWith(server.socket)),
      addresses.join(' '),
    )
    for (const address of addresses) {
      assert.ok(!address.includes(expired) && !address.includes(fresh), 'no address holds a token')
      assert.equal(new URL(address).search, '')
    }
  })

  it('is refreshed on a connection that had been up, which comes back by itself', async (t) => {
    const { server, page } = await openPage(t)
    // The server allows clocks 10 s apart, so this one counts now and is refused after the restart.
    const dying = tokenFor('ana', { lasts: -8 })
    await page.evaluate(
      async ([url, old, next]) => {
        globalThis.asked = 0
        const refreshToken = async () => {
          globalThis.asked += 1
          return next
        }
        globalThis.makeCalendar({ url, projectId: 'mine', auth: { token: old, refreshToken } })
        await baro.connect()
      },
      [server.socket, dying, tokenFor('ana')],
    )
    await server.kill()
    await untilIn(page, () => !baro.isConnected())
    const over = Number(JSON.parse(Buffer.from(dying.split('.')[1], 'base64url')).exp) + 11
    await untilIn(page, (second) => Date.now() / 1000 > second, over)
    await server.start()
    await untilIn(page, () => baro.isConnected())
    await page.evaluate(() => baro.subscribeToProject('mine'))
    assert.equal(await page.evaluate(() => globalThis.asked), 1)
  })

  it('without refreshToken ends in the state error, and connect says why', async (t) => {
    const { server, page } = await openPage(t)
    const result = await page.evaluate(
      async ([url, token]) => {
        globalThis.makeCalendar({ url, projectId: 'mine', auth: { token } })
        const { name, code, message, retryable } = await baro.connect().catch((error) => error)
        return { name, code, message, retryable, state: baro.getState() }
      },
      [server.socket, expired],
    )
    const { name, code, message, retryable, state } = result
    assert.deepEqual({ name, retryable, state }, { name: 'RealtimeError', retryable: false, state: 'error' })
    assert.match(code, /^(unauthorized|token_expired)$/)
    assert.match(message, /refreshToken/)
    assert.ok(!message.includes(expired))
  })

  it('keeps what was written until the sign-in is mended', async (t) => {
    const { server, page } = await openPage(t)
    const states = await page.evaluate(
      async ([url, old, next]) => {
        let token = old
        const refreshToken = async () => {
          if (token === old) throw new Error('the session is over')
          return token
        }
        const config = { url, projectId: 'mine', user: { id: 'ana' }, auth: { token: old, refreshToken } }
        const calendar = globalThis.makeCalendar({ ...config, reconnect: { delay: 50, maxDelay: 100 } })
        const write = calendar.createEvent({ title: 'Kept', startDate: new Date(), endDate: new Date() })
        calendar.connect().catch(() => {})
        await new Promise((resolve) => {
          calendar.on('error', ({ code }) => code === 'token_unavailable' && resolve())
        })
        const during = [calendar.getState() !== 'connected', calendar.getSyncStatus().pendingActions.length]
        token = next
        calendar.reconnect()
        const { version } = await write.confirmed
        return [...during, version]
      },
      [server.socket, expired, tokenFor('ana')],
    )
    assert.deepEqual(states, [true, 1, 1])
  })
})
