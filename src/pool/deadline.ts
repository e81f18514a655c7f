/** Node fires timers above 2^31−1 ms at once; and a clock that was asleep is looked at again. */
const LONGEST_TIMER = 60_000

/**
 * Calls back once, `timeout` ms after a run has started. `startedAt` tells when that was, in epoch
 * milliseconds, and 0 as long as it has not: the wait for a thread that boots is not the run's.
 * Returns the way to call it off.
 */
export function deadline(timeout: number, startedAt: () => number, onOver: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined

  const look = (wait: number): void => {
    timer = setTimeout(check, Math.min(Math.max(wait, 1), LONGEST_TIMER))
  }
  const left = (): number => {
    const started = startedAt()
    return started === 0
      ? timeout
      : started + timeout - (performance.timeOrigin + performance.now())
  }
  const check = (): void => {
    const wait = left()
    if (wait > 0) return look(wait)
    // A main thread that was held up sees this timer before the outcome that has long arrived:
    // messages are read in the two turns of the loop that follow.
    immediate = setImmediate(() => {
      immediate = setImmediate(onOver)
    })
  }

  look(timeout)
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}
