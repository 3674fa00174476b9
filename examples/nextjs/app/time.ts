// Days and times, written the same way on the server and in every browser.

const dayMs = 86_400_000

/** What to ask for to get everything of some days, wherever on earth they are looked at. */
export function rangeOf(days: string[]): { from: string; to: string } {
  const [first, last] = [new Date(days[0] ?? 0), new Date(days.at(-1) ?? 0)]
  return {
    from: new Date(first.getTime() - dayMs).toISOString(),
    to: new Date(last.getTime() + 2 * dayMs).toISOString(),
  }
}

/** The start of a whole day is a date without a time. */
const isDate = (start: string): boolean => start.length === 10

/** `2026-03-02`: the day on which something starts, in a time zone. */
export const dayOf = (start: string, timeZone: string): string =>
  isDate(start) ? start : new Intl.DateTimeFormat('en-CA', { timeZone }).format(new Date(start))

/** `09:30`: when it starts, in a time zone. */
export const timeOf = (start: string, timeZone: string): string =>
  isDate(start)
    ? 'all day'
    : new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(new Date(start))

/** `Monday 2` for a day. */
export const nameOf = (day: string): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'long', day: 'numeric' }).format(new Date(day))
