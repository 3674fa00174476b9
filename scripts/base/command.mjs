// Runs other programs. Guarantees that whatever was started here is stopped when this process ends, and nothing else.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from './paths.mjs'

const running = new Set()

/** The environment for children: rustup's folder is on PATH even in a shell that has not read its profile. */
export function environment(extra = {}) {
  const cargoBin = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin')
  const path = process.env.PATH ?? ''
  const known = path.split(delimiter).includes(cargoBin) || !existsSync(cargoBin)
  return { ...process.env, PATH: known ? path : `${cargoBin}${delimiter}${path}`, ...extra }
}

/** Is there such a program on PATH? */
export function hasProgram(name) {
  return environment()
    .PATH.split(delimiter)
    .some((folder) => folder && existsSync(join(folder, name)))
}

/**
 * Starts a program in a process group of its own, so that its own children end with it.
 * The terminal's Ctrl-C reaches this process alone, which then stops the groups in `stopAll`.
 */
export function start(program, args, { cwd = root, env, stdio = 'inherit', graceMs = 3000 } = {}) {
  const child = spawn(program, args, { cwd, env: environment(env), stdio, detached: true })
  child.graceMs = graceMs
  running.add(child)
  child.once('close', () => running.delete(child))
  child.once('error', () => running.delete(child))
  return child
}

/**
 * Runs a program to its end. `show` passes its output on while it runs; otherwise it is kept and returned.
 * A program that does not start, outlives `timeoutMs`, or says nothing for `silenceMs`, is a result like any other: `code` is
 * not 0.
 */
export function run(program, args, { cwd, env, timeoutMs, silenceMs, show = false } = {}) {
  return new Promise((resolve) => {
    const child = start(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let stdout = ''
    let tooLong
    const limit = (ms, what) =>
      ms &&
      setTimeout(() => {
        tooLong = `${what} ${ms / 1000} s`
        stop(child)
      }, ms)
    const whole = limit(timeoutMs, 'after')
    const silence = limit(silenceMs, 'because it said nothing for')
    const clear = () => [whole, silence].forEach(clearTimeout)
    const keep = (chunk, sink) => {
      output += chunk
      if (silence && tooLong === undefined) silence.refresh()
      if (show) sink.write(chunk)
    }
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk
      keep(chunk, process.stdout)
    })
    child.stderr.setEncoding('utf8').on('data', (chunk) => keep(chunk, process.stderr))
    child.once('error', (error) => {
      clear()
      resolve({ code: 127, output: error.message, stdout })
    })
    child.once('close', (code) => {
      clear()
      if (tooLong !== undefined) {
        const word = `\n${program} was stopped ${tooLong}.\n`
        output += word
        if (show) process.stderr.write(word)
      }
      resolve({ code: tooLong === undefined ? (code ?? 1) : 124, output, stdout })
    })
  })
}

/** Like `run`, for a program that has to succeed. The error carries what it said. */
export async function mustRun(program, args, options) {
  const result = await run(program, args, options)
  if (result.code !== 0) {
    const said = options?.show ? '' : `\n${result.output.trim()}`
    throw new CommandFailed(`${program} ${args.join(' ')} ended with code ${result.code}.${said}`)
  }
  return result
}

/** A program said no. Its message is for the reader as it is, without a stack. */
export class CommandFailed extends Error {}

/** Asks a child and its group to end, and insists when its time of grace is over. */
export function stop(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve()
  return new Promise((resolve) => {
    const insist = setTimeout(() => signalGroup(child, 'SIGKILL'), child.graceMs)
    child.once('close', () => {
      clearTimeout(insist)
      resolve()
    })
    signalGroup(child, signal)
  })
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group has ended by itself.
  }
}

export const stopAll = () => Promise.all([...running].map((child) => stop(child)))

let leaving = false
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, async () => {
    if (leaving) return
    leaving = true
    await stopAll()
    process.exit(code)
  })
}
process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL')
})
