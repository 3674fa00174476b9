// The page that measures, and is measured. One writes; the other notes when it heard of it, and says so on a channel of
// the browser, which takes part in no figure.

function program(RealtimeCalendar) {
  const now = () => performance.timeOrigin + performance.now()
  const side = new BroadcastChannel('measurement')
  const answer = (type) =>
    new Promise((resolve) => {
      side.addEventListener('message', function heard({ data }) {
        if (data.type !== type) return
        side.removeEventListener('message', heard)
        resolve(data)
      })
    })

  globalThis.open = async (user, product, relay) => {
    globalThis.baro = new RealtimeCalendar({ url: product, projectId: 'measured', user: { id: user } })
    globalThis.relay = new WebSocket(relay)
    const opened = new Promise((resolve) => (globalThis.relay.onopen = resolve))
    await Promise.all([globalThis.baro.connect(), globalThis.baro.subscribeToProject('measured'), opened])
  }

  globalThis.listen = () => {
    side.addEventListener('message', ({ data }) => {
      if (data.type === 'clock') side.postMessage({ type: 'clock-answer', at: now() })
    })
    globalThis.baro.on('events-change', ({ created }) => {
      const at = now()
      for (const id of created) side.postMessage({ type: 'product', at, id, title: globalThis.baro.getEvent(id).title })
    })
    globalThis.relay.onmessage = ({ data }) => {
      // What it carries is of use to nobody before it is read.
      const { payload } = JSON.parse(data)
      side.postMessage({ type: 'relay', at: now(), id: payload.id, title: payload.title })
    }
  }

  /** How far the other page's clock is ahead, by the quickest of many questions. */
  globalThis.compareClocks = async () => {
    let best = { roundTrip: Infinity, offset: 0 }
    for (let question = 0; question < 200; question++) {
      const answered = answer('clock-answer')
      const asked = now()
      side.postMessage({ type: 'clock' })
      const { at } = await answered
      const back = now()
      if (back - asked < best.roundTrip) best = { roundTrip: back - asked, offset: at - (asked + back) / 2 }
    }
    return best
  }

  const eventOf = (number) => ({
    title: `Edit ${number}`,
    startDate: '2026-11-23T09:00:00.000Z',
    endDate: '2026-11-23T10:00:00.000Z',
    location: 'Room 2',
    description: 'An event of an ordinary size, with a few words about what it is for and who should come.',
    attendees: ['ana@example.com', 'ben@example.com'],
  })

  globalThis.measure = async (count) => {
    const taken = []
    for (let number = 0; number < count; number++) {
      let heard = answer('product')
      let began = now()
      const { id, confirmed } = globalThis.baro.createEvent(eventOf(number))
      const product = await heard
      const event = await confirmed
      const text = JSON.stringify({ type: 'event:created', payload: event, timestamp: Date.now(), id })
      const taking = product.at - began

      heard = answer('relay')
      began = now()
      globalThis.relay.send(text)
      const relay = await heard
      for (const one of [product, relay]) {
        if (one.id !== id || one.title !== event.title) throw new Error('The other page heard of something else.')
      }
      taken.push({ product: taking, relay: relay.at - began, bytes: text.length })
      // Longer than a frame, and out of step with it: a person does not edit in time with the screen.
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 16))
    }
    return taken
  }
}

export const inPage = `<!doctype html>
<meta charset="utf-8" />
<title>Latency</title>
<script type="module">
  import init, { RealtimeCalendar } from '/node_modules/@baro-calendar/realtime/esm/index.js'
  await init()
  ;(${program})(RealtimeCalendar)
  globalThis.ready = true
</script>
`
