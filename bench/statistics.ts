/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Median and 99th percentile of times in milliseconds, as figures of a trial. */
export function percentiles(what: string, times: readonly number[]): Record<string, number> {
  return { [`${what} p50 ms`]: quantile(times, 0.5), [`${what} p99 ms`]: quantile(times, 0.99) }
}
