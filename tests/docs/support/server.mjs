// The reference server for one file of tests, and what its `--help` says.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { repository } from '../../packaging/installed.mjs'

const builds = ['release', 'debug'].map((profile) => join(repository, 'target', profile, 'baro-realtime-server'))

export const program = process.env.BARO_SERVER ?? builds.find((path) => existsSync(path))

export const help = () => execFileSync(program, ['--help'], { encoding: 'utf8' })

/** Starts a program that says where it listens on its first line. `{ address, stop }`. */
export async function listening(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code} before it listened. ${said}`)))
  })
  const told = JSON.parse(line).listening
  const address = typeof told === 'string' ? told : `${told.address}:${told.port}`
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return { address, stop }
}

/** Starts the reference server in memory, on a port of its own unless a flag says which. */
export const startServer = (...flags) =>
  listening(program, ['--listen', '127.0.0.1:0', '--database', 'sqlite::memory:', ...flags])
