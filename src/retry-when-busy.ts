import { HelveError } from './job/errors.ts'
import { MAX_BUSY_TIME } from './job/limits.ts'
import { sleep } from './timer.ts'

/** Milliseconds between two tries. */
const LONGEST_PAUSE = 10

/** Tries `work` again while others hold the write lock, as a busy process does again and again. */
export async function retryWhenBusy<T>(
  work: () => Promise<T>,
  timeout = MAX_BUSY_TIME,
): Promise<T> {
  const end = performance.now() + timeout
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const busy = error instanceof HelveError && error.code === 'HELVE_ERR_STORE_BUSY'
      if (!busy || performance.now() >= end) throw error
      // A random pause, so that the next try does not meet the same holder at the same point.
      await sleep(1 + Math.random() * LONGEST_PAUSE)
    }
  }
}
