// The real server as a process of its own, on a database that goes with the test.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { repository } from '../../packaging/installed.mjs'
import { secret } from './token.mjs'

const builds = ['release', 'debug'].map((profile) => join(repository, 'target', profile, 'baro-realtime-server'))
const program = process.env.BARO_SERVER ?? builds.find((path) => existsSync(path))

/**
 * Starts a server for one test and stops it when that ends. It lets every page in without signing in, or with `jwt`
 * the pages of `origin` that bring a token.
 */
export async function startServer(t, { jwt = false, origin, flags = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'baro-e2e-'))
  writeFileSync(join(folder, 'secret'), secret)
  const access = jwt
    ? ['--auth', 'jwt', '--jwt-secret-file', join(folder, 'secret'), '--allow-origin', origin]
    : ['--auth', 'none', '--allow-origin', '*']
  const server = new Server(['--database', `sqlite:${join(folder, 'calendar.sqlite')}`, ...access, ...flags])
  t.after(async () => {
    await server.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await server.start()
  return server
}

class Server {
  #flags
  #child
  address = '127.0.0.1:0'

  constructor(flags) {
    this.#flags = flags
  }

  get socket() {
    return `ws://${this.address}/ws`
  }

  /** Starts it, after the first time on the same port and the same data. */
  async start() {
    this.#child = spawn(program, ['--listen', this.address, ...this.#flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    this.#child.stderr.on('data', (chunk) => (said += chunk))
    const line = await new Promise((resolve, reject) => {
      createInterface({ input: this.#child.stdout }).once('line', resolve)
      this.#child.once('error', reject)
      this.#child.once('exit', (code) => reject(new Error(`The server ended with ${code} before it listened. ${said}`)))
    })
    this.address = JSON.parse(line).listening
  }

  /** Ends it as a power cut would. */
  async kill() {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** What the server has, asked over REST. */
  async events(projectId, token) {
    const answer = await fetch(`http://${this.address}/api/events?projectId=${projectId}`, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
    })
    if (!answer.ok) throw new Error(`GET /api/events: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  /** Changes an event as a program without a socket would. */
  async rest(method, path, body) {
    const answer = await fetch(`http://${this.address}/api/events${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? undefined : answer.json()
  }

  /** A number of /metrics, of all labels together. */
  async metric(name) {
    const text = await (await fetch(`http://${this.address}/metrics`)).text()
    const values = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
}
