const CHUNK = 1_000

/**
 * Enqueues many jobs by calls that take at most 1,000 of them.
 *
 * @param {number} jobs
 * @param {(some: number) => Promise<unknown>} enqueue
 */
export async function inChunks(jobs, enqueue) {
  for (let left = jobs; left > 0; left -= CHUNK) await enqueue(Math.min(left, CHUNK))
}
