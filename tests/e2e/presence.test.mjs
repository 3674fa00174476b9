import { describe, it } from 'node:test'
import { connect, openBare } from './support/page.mjs'
import { openRoom } from './support/room.mjs'
import { startServer } from './support/server.mjs'
import { serveBare } from './support/site.mjs'
import { until } from './support/until.mjs'

describe('what a user tells of himself', () => {
  const room = openRoom({ site: serveBare })

  it('holds when he comes back, for those who were there and those who came meanwhile', async (t) => {
    const server = await startServer(t)
    const open = async (id) => {
      const page = await openBare(await room.context(t), room.site, {
        url: server.socket,
        projectId: 'mine',
        user: { id },
      })
      await connect(page)
      return page
    }
    const seen = (page) =>
      page.evaluate(() => {
        const { status, editing, selection } = baro.getActiveUsers().get('ana') ?? {}
        return [status, editing?.eventId, selection?.elementId].join()
      })
    const ana = await open('ana')
    const ben = await open('ben')
    await ana.evaluate(() => {
      baro.sendEditing('an-event')
      baro.sendSelection('title', { from: 1, to: 2 })
    })
    await until('ben sees it', async () => (await seen(ben)) === 'active,an-event,title')
    await ana.evaluate(() => baro.disconnect())
    await until('she is gone', async () => (await seen(ben)) === ',,')
    await connect(ana)
    await until('ben sees it again', async () => (await seen(ben)) === 'active,an-event,title')
    const kim = await open('kim')
    await until('kim sees it, too', async () => (await seen(kim)) === 'active,an-event,title')
    await ana.evaluate(() => baro.sendEditing(null))
    for (const page of [ben, kim]) await until('it is over', async () => (await seen(page)) === 'active,,title')
  })
})
