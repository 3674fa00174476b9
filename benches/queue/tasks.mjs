// The longest tasks of a page's main thread, by the browser's own trace: the processor's time, so that a busy machine does
// not count as ours.

/** Runs `work` and returns what it gives, with the thread times of the page's tasks meanwhile, in ms, longest first. */
export async function tasksWhile(browser, page, work) {
  const session = await browser.newBrowserCDPSession()
  const events = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value))
  const over = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
  const includedCategories = [
    'toplevel',
    'disabled-by-default-devtools.timeline',
    'devtools.timeline',
    'blink.user_timing',
  ]
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } })
  await page.evaluate(() => performance.mark('measured'))
  const result = await work()
  await session.send('Tracing.end')
  await over
  await session.detach()
  const mark = events.find(({ name, cat }) => name === 'measured' && cat.includes('user_timing'))
  if (mark === undefined) throw new Error('The trace does not show the page.')
  const isTask = ({ name, pid, tid, ts }) => name === 'RunTask' && pid === mark.pid && tid === mark.tid && ts >= mark.ts
  const tasks = events.filter(isTask).map(({ tdur = 0 }) => tdur / 1e3)
  return { result, tasks: tasks.toSorted((one, other) => other - one) }
}
