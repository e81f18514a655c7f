/** Submissions that a producer has under way at a time. */
const IN_FLIGHT = 1_000

/** Calls `enqueue` so many times, 1,000 in flight, each of them awaited. */
export async function keepInFlight(jobs: number, enqueue: () => Promise<unknown>): Promise<void> {
  let left = jobs
  const producer = async (): Promise<void> => {
    while (left-- > 0) await enqueue()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, producer))
}

/** A payload whose JSON has so many bytes, roughly. */
export function payloadOf({ payload }: { payload: number }): { text: string } {
  return { text: 'x'.repeat(Math.max(0, payload - '{"text":""}'.length)) }
}

/** Jobs a second. */
export async function rate(jobs: number, work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (jobs / (performance.now() - start)) * 1_000
}
