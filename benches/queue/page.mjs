// The page whose queue is measured; beside it, in the same page, the same texts stored with IndexedDB alone.

function program(RealtimeCalendar) {
  const now = () => performance.now()
  const eventOf = (number) => ({
    title: `Action ${number}`,
    startDate: '2026-11-23T09:00:00.000Z',
    endDate: '2026-11-23T10:00:00.000Z',
    location: 'Room 2',
    description: 'x'.repeat(1_600),
    attendees: ['ana@example.com', 'ben@example.com'],
  })

  // The same number of bytes, with what the browser offers and no more.
  const opened = new Promise((resolve, reject) => {
    const opening = indexedDB.open('reference')
    opening.onupgradeneeded = () => opening.result.createObjectStore('rows')
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error)
  })
  const put = async (rows) => {
    const transaction = (await opened).transaction('rows', 'readwrite', { durability: 'relaxed' })
    const store = transaction.objectStore('rows')
    for (const [key, row] of rows) store.put(row, key)
    transaction.commit()
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve
      transaction.onabort = () => reject(transaction.error)
    })
  }
  let rows = 0
  const rowOf = (number) => [`c|${String(rows++).padStart(16, '0')}`, JSON.stringify(eventOf(number))]

  const writers = {
    calendar: (numbers) => Promise.all(numbers.map((number) => baro.createEvent(eventOf(number)).persisted)),
    reference: (numbers) => put(numbers.map(rowOf)),
  }

  globalThis.makeCalendar = async (url) => {
    const began = now()
    globalThis.baro = new RealtimeCalendar({ url, projectId: 'measured', user: { id: 'ana' } })
    return began
  }

  /** One write after the other, each waited for; what each took. */
  globalThis.single = async (writer, count) => {
    const taken = []
    for (let number = 0; number < count; number++) {
      const began = now()
      await writers[writer]([number])
      taken.push(now() - began)
    }
    return taken
  }

  /** `count` writes in tasks of `each`; what all of them took. */
  globalThis.bursts = async (writer, count, each) => {
    const began = now()
    for (let first = 0; first < count; first += each) {
      await writers[writer](Array.from({ length: each }, (_, at) => first + at))
    }
    return now() - began
  }

  const queued = () => baro.getSyncStatus().pendingActions.length

  /** From the making of the calendar until everything that earlier pages left is there. */
  globalThis.load = async (url, count) => {
    const began = await globalThis.makeCalendar(url)
    while (queued() < count) await new Promise((resolve) => setTimeout(resolve, 1))
    return now() - began
  }

  globalThis.loadReference = async (count) => {
    const database = await opened
    const began = now()
    const asking = database.transaction('rows').objectStore('rows').getAll(undefined, count)
    await new Promise((resolve) => (asking.onsuccess = resolve))
    return now() - began
  }

  globalThis.drain = async () => {
    const began = now()
    await baro.connect()
    await baro.flush()
    return now() - began
  }
  globalThis.queued = queued
}

export const inPage = `<!doctype html>
<meta charset="utf-8" />
<title>Queue</title>
<script type="module">
  import init, { RealtimeCalendar } from '/node_modules/@baro-calendar/realtime/esm/index.js'
  await init()
  ;(${program})(RealtimeCalendar)
  globalThis.ready = true
</script>
`
