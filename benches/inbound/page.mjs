// The receivers. Each is opened with an address and the number of updates to come, and says when it has them all.

function program(RealtimeCalendar) {
  const until = (isDone) =>
    new Promise((resolve) => {
      const look = () => (isDone() ? resolve() : setTimeout(look, 20))
      look()
    })
  const receivers = {
    /** The calendar itself; somebody listens and reads what a month shows whenever it changed. */
    async product(address, updates) {
      const calendar = new RealtimeCalendar({ url: address, offline: false, projectId: 'p' })
      await calendar.connect()
      await calendar.subscribeToProject('p')
      calendar.on('events-change', () => calendar.getEvents({ from: '2026-11-01', to: '2026-11-02' }))
      const received = () => calendar.getMetrics().messagesReceived
      const before = received()
      return {
        done: () => until(() => received() >= before + updates),
        check: () => calendar.getEvents().reduce((sum, event) => sum + event.version, 0),
        close: () => calendar.destroy(),
      }
    },
    /** What the original layer does: parse, put into a map, tell once a frame. */
    async script(address, updates, content) {
      const events = new Map(JSON.parse(content).map((event) => [event.id, event]))
      const socket = new WebSocket(address)
      let received = 0
      let told = false
      socket.onmessage = ({ data }) => {
        for (const { payload } of [JSON.parse(data)].flat()) {
          received++
          const held = events.get(payload.id)
          if (!held || held.version < payload.version) events.set(payload.id, payload)
        }
        if (told) return
        told = true
        setTimeout(() => (told = false), 16)
      }
      await new Promise((resolve) => (socket.onopen = resolve))
      return {
        done: () => until(() => received >= updates),
        check: () => [...events.values()].reduce((sum, event) => sum + event.version, 0),
        close: () => socket.close(),
      }
    },
    /** The least that any program pays: frames arrive and are counted. */
    async frames(address, updates, _content, perFrame) {
      const socket = new WebSocket(address)
      socket.binaryType = 'arraybuffer'
      let received = 0
      socket.onmessage = () => received++
      await new Promise((resolve) => (socket.onopen = resolve))
      return { done: () => until(() => received * perFrame >= updates), check: () => null, close: () => socket.close() }
    },
  }
  globalThis.receive = async (name, ...rest) => {
    globalThis.receiver = await receivers[name](...rest)
  }
}

export const inPage = `<!doctype html><title>inbound</title><script type="module">
  import init, { RealtimeCalendar } from '/node_modules/@baro-calendar/realtime/esm/index.js'
  await init()
  ;(${program})(RealtimeCalendar)
  globalThis.ready = true
</script>`
