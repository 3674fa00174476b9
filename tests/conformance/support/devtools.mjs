// Chromium over the DevTools protocol alone. Playwright keeps every page in the foreground, and a page in the foreground
// is never frozen; here a tab goes to the background when another is opened in front of it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { until } from '../../e2e/support/until.mjs'
import { flags } from '../../packaging/browser.mjs'

/** Starts Chromium as a process group of its own, for one test. */
export async function startBrowser(t) {
  const profile = mkdtempSync(join(tmpdir(), 'baro-conformance-'))
  const child = spawn(
    '/usr/bin/chromium',
    ['--headless', ...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: 'ignore', detached: true },
  )
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  t.after(async () => {
    if (!hasEnded()) {
      const ended = once(child, 'exit')
      process.kill(-child.pid, 'SIGKILL')
      await ended
    }
    // Its other processes write a moment longer than the first.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  const file = join(profile, 'DevToolsActivePort')
  const [port, path] = await until('Chromium listens', () => {
    if (hasEnded()) throw new Error('Chromium ended before it listened.')
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    return lines.length > 1 && lines
  })
  const line = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  await once(line, 'open')
  t.after(() => line.terminate())
  return new Browser(line, child.pid)
}

class Browser {
  #line
  #waiting = new Map()
  #last = 0
  #group

  constructor(line, group) {
    this.#line = line
    this.#group = group
    line.on('message', (text) => {
      const { id, result, error } = JSON.parse(text)
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error) waiting?.reject(new Error(error.message))
      else waiting?.resolve(result)
    })
  }

  send(method, params = {}, sessionId) {
    const id = ++this.#last
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#line.send(JSON.stringify({ id, method, params, sessionId }))
    return answer
  }

  /** Opens a tab in front of all others, and waits until `ready` holds in it. */
  async open(url, ready = 'true') {
    const { targetId } = await this.send('Target.createTarget', { url })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const tab = new Tab(this, targetId, sessionId)
    await until(`${url} is ready`, () => tab.run(`location.href !== 'about:blank' && ${ready}`))
    return tab
  }

  /** Stops every process of the browser where it is, as a laptop that is shut; `wake` lets them go on. */
  sleep() {
    process.kill(-this.#group, 'SIGSTOP')
  }

  wake() {
    process.kill(-this.#group, 'SIGCONT')
  }
}

class Tab {
  #browser
  #target
  #session

  constructor(browser, target, session) {
    this.#browser = browser
    this.#target = target
    this.#session = session
  }

  send(method, params) {
    return this.#browser.send(method, params, this.#session)
  }

  /** The value of an expression in the page, or of what it promises. */
  async run(expression) {
    const options = { expression, awaitPromise: true, returnByValue: true }
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', options)
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  /** Calls a function in the page with these arguments. */
  call(run, ...given) {
    return this.run(`(${run})(...${JSON.stringify(given)})`)
  }

  /** Waits until a function in the page returns something true. */
  until(condition, ...given) {
    return until(String(condition), () => this.call(condition, ...given))
  }

  /** Brings the tab to the front. */
  show() {
    return this.#browser.send('Target.activateTarget', { targetId: this.#target })
  }

  freeze() {
    return this.send('Page.setWebLifecycleState', { state: 'frozen' })
  }

  thaw() {
    return this.send('Page.setWebLifecycleState', { state: 'active' })
  }
}
