// Reads how many tests ran from what the runners print.

const runners = [
  // cargo test and wasm-bindgen-test
  {
    line: /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm,
    read: ([, passed, failed, skipped]) => ({ passed, failed, skipped }),
  },
  // the simulator
  { line: /^(\d+) passed, (\d+) failed$/gm, read: ([, passed, failed]) => ({ passed, failed }) },
  // node:test, which prints one number a line, with a mark in front that depends on the terminal
  { line: /^\S+ pass (\d+)$/gm, read: ([, passed]) => ({ passed }) },
  { line: /^\S+ fail (\d+)$/gm, read: ([, failed]) => ({ failed }) },
  { line: /^\S+ (?:skipped|todo) (\d+)$/gm, read: ([, skipped]) => ({ skipped }) },
]

/** `{ passed, failed, skipped }` of all summary lines in an output. */
export function countTests(output) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const { line, read } of runners) {
    for (const match of output.matchAll(line)) {
      for (const [kind, number] of Object.entries(read(match))) total[kind] += Number(number)
    }
  }
  return total
}

/** The counts of a program that ran tests. One that failed without saying which test did counts as one failure. */
export function outcome({ code, output }) {
  const counts = countTests(output)
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

export const add = (one, other) => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: one.skipped + other.skipped,
})

export const none = { passed: 0, failed: 0, skipped: 0 }
