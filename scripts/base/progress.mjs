// What a person sees while a script works: one line when a step begins, one with its time when it ends.

import { CommandFailed, stopAll } from './command.mjs'

let stream = process.stdout

/** For a command whose standard output belongs to the program that it runs. */
export function sayOnStandardError() {
  stream = process.stderr
}

export const say = (line) => stream.write(`${line}\n`)

export const seconds = (ms) => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`)

/** Runs `work`, saying so. `work` may return a word on the outcome, shown with the time; `bad` tells a word of failure. */
export async function step(name, work, bad = () => false) {
  const began = performance.now()
  const ended = (mark, word) => say(`${mark} ${name}${word ? ` (${word})` : ''}, ${seconds(performance.now() - began)}`)
  say(`· ${name}`)
  try {
    const outcome = await work()
    const word = typeof outcome === 'string' ? outcome : ''
    ended(bad(word) ? '✗' : '✓', word)
    return outcome
  } catch (error) {
    ended('✗')
    throw error
  }
}

/** Runs a script's main function when the file was called by itself, and turns its error into a message and a code. */
export async function main(meta, work) {
  const { pathToFileURL } = await import('node:url')
  if (!process.argv[1] || meta.url !== pathToFileURL(process.argv[1]).href) return
  try {
    process.exitCode = (await work(process.argv.slice(2))) ?? 0
  } catch (error) {
    await stopAll()
    say(error instanceof CommandFailed ? `\n${error.message}` : `\n${error.stack}`)
    process.exitCode = 1
  }
}
