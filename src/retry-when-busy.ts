import { HelveError } from './job/errors.ts'
import { sleep } from './timer.ts'

/** Milliseconds for which a call goes on trying while others hold the write lock. */
export const PATIENCE = 10_000
/** Milliseconds between two tries. */
const LONGEST_PAUSE = 10

/** Goes on trying while others hold the write lock, as a busy process does again and again. */
export async function patiently<T>(work: () => Promise<T>, patience = PATIENCE): Promise<T> {
  const end = performance.now() + patience
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const busy = error instanceof HelveError && error.code === 'HELVE_ERR_STORE_BUSY'
      if (!busy || performance.now() >= end) throw error
      // At random, not to meet the same holder at the same place again.
      await sleep(1 + Math.random() * LONGEST_PAUSE)
    }
  }
}
