/** The median and the 99th percentile, by the nearest rank. */
export function summary(values) {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  return { median: at(0.5), p99: at(0.99) }
}
