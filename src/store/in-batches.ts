/** Rows of the first batch, and of the largest. */
const FIRST_BATCH = 4
const LARGEST_BATCH = 500
/** Milliseconds for which a batch may hold the event loop: a longer one makes the next smaller. */
const LONGEST_BATCH = 4

/**
 * Runs batch after batch, until a batch finds no row. Rows can be large, so the time that a batch
 * takes decides the size of the next batch. Between two batches lies a pause as long as the batch:
 * other processes that wait for the file try again only every so often.
 *
 * @param batch takes at most `limit` rows, and returns how many it took
 * @param rest waits for so many milliseconds
 * @param now milliseconds, on a clock that nobody sets
 * @returns the number of rows of all batches
 */
export async function inBatches(
  batch: (limit: number) => number | Promise<number>,
  rest: (ms: number) => Promise<unknown>,
  now = (): number => performance.now(),
): Promise<number> {
  let total = 0
  for (let limit = FIRST_BATCH; ;) {
    const start = now()
    const rows = await batch(limit)
    const took = now() - start
    total += rows
    if (rows === 0) return total
    limit = sizeAfter(limit, took)
    await rest(took)
  }
}

function sizeAfter(limit: number, took: number): number {
  if (took > LONGEST_BATCH) return Math.max(1, Math.floor(limit / 2))
  return took > LONGEST_BATCH / 2 ? limit : Math.min(limit * 2, LARGEST_BATCH)
}
