import { closed } from '../coordinator/coordinator.ts'
import { HelveError } from '../job/errors.ts'
import type { ClaimedJob } from '../job/job.ts'
import { retryWhenBusy } from '../retry-when-busy.ts'
import type { Membership } from '../store/membership.ts'
import type { QueueStore } from '../store/store.ts'
import { sleep } from '../timer.ts'

/** Milliseconds between two tries to own a file that another process owns. */
const OWN_INTERVAL = 100

type Ownable = Pick<QueueStore, 'clock'> & Pick<Membership, 'join'>

/**
 * Becomes the owner of the file, as soon as nobody else owns it.
 *
 * @param wait milliseconds to wait at most while another runtime owns the file
 * @param over ends the wait when it aborts
 * @returns the jobs that were `running` when the process of an earlier owner ended
 * @throws HelveError `HELVE_ERR_OWNED` when another runtime still owns the file; `HELVE_ERR_CLOSED`
 *   when `over` has aborted
 */
export async function own(store: Ownable, wait: number, over: AbortSignal): Promise<ClaimedJob[]> {
  const end = performance.now() + wait
  for (;;) {
    try {
      return await retryWhenBusy(() => store.join(store.clock.now()))
    } catch (error) {
      const isOwned = error instanceof HelveError && error.code === 'HELVE_ERR_OWNED'
      const left = end - performance.now()
      if (!isOwned || left <= 0) throw error
      await sleep(Math.min(OWN_INTERVAL, left), over)
    }
    if (over.aborted) throw closed()
  }
}
