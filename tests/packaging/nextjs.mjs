// The Next.js example as somebody runs it: `next start` on what was built, or `next dev`.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { next, nextEnvironment } from '../../scripts/example.mjs'

/**
 * Starts it on a free port. The calendar is at `socket`, both for the server that renders and for the browser. Returns the
 * address; it ends with the test.
 */
export async function startNext(t, folder, command, socket) {
  const child = spawn(process.execPath, [next, command, '--port', '0', '--hostname', '127.0.0.1'], {
    cwd: folder,
    env: { ...process.env, ...nextEnvironment, CALENDAR_SERVER: socket.replace(/^ws(.*)\/ws$/, 'http$1') },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    // It has processes of its own.
    process.kill(-child.pid, 'SIGKILL')
    await ended
  })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said += `${line}\n`
      const [, address] = line.match(/Local:\s+(http:\S+)/) ?? []
      if (address) resolve(address)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Next ended with ${code} before it listened. ${said}`)))
  })
}
