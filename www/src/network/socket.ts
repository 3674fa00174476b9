import { Line } from './line'

/**
 * The browser's WebSocket behind a line that can be slow. Nothing of the calendar knows of it: frames really leave and
 * arrive later, so heartbeats, timeouts, the queue and the numbers in the panel are what they would be on such a network.
 * Sockets of the simulated colleagues pass, as if they sat elsewhere.
 */
class LimitedSocket extends WebSocket {
  readonly #outgoing = new Line()
  readonly #incoming = new Line()
  readonly #arrived = new WeakSet<Event>()

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols)
    // Registered before anybody else's listeners, so that it hears first and can hold an event back.
    for (const type of ['open', 'message', 'error', 'close']) {
      super.addEventListener(type, (event) => this.#receive(event))
    }
  }

  override get bufferedAmount(): number {
    return super.bufferedAmount + this.#outgoing.bytes
  }

  override send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBuffer>): void {
    this.#outgoing.pass(sizeOf(data), () => super.send(data))
  }

  override close(code?: number, reason?: string): void {
    this.#outgoing.pass(0, () => super.close(code, reason))
  }

  #receive(event: Event): void {
    if (this.#arrived.has(event) || this.#incoming.isOpen) return
    event.stopImmediatePropagation()
    const again = copyOf(event)
    this.#arrived.add(again)
    this.#incoming.pass(event instanceof MessageEvent ? sizeOf(event.data) : 0, () => this.dispatchEvent(again))
  }
}

function copyOf(event: Event): Event {
  if (event instanceof MessageEvent) return new MessageEvent('message', { data: event.data as unknown })
  if (event instanceof CloseEvent) {
    const { code, reason, wasClean } = event
    return new CloseEvent('close', { code, reason, wasClean })
  }
  return new Event(event.type)
}

function sizeOf(data: unknown): number {
  if (typeof data === 'string') return data.length
  if (data instanceof Blob) return data.size
  return ArrayBuffer.isView(data) || data instanceof ArrayBuffer ? data.byteLength : 0
}

/** What a colleague's address carries, and nobody else's. */
export const elsewhere = 'colleague'

const Direct = WebSocket

globalThis.WebSocket = new Proxy(Direct, {
  construct: (_target, [url, protocols]: [string | URL, string[] | undefined]) =>
    new URL(url, location.href).searchParams.has(elsewhere)
      ? new Direct(url, protocols)
      : new LimitedSocket(url, protocols),
})
