const CHUNK = 1_000

/**
 * Enqueues `jobs` jobs. Each call of `enqueue` takes at most 1,000 jobs.
 *
 * @param {number} jobs
 * @param {(some: number) => Promise<unknown>} enqueue
 */
export async function inChunks(jobs, enqueue) {
  for (let left = jobs; left > 0; left -= CHUNK) await enqueue(Math.min(left, CHUNK))
}
