/** Calls of `enqueue` in flight at a time. */
const IN_FLIGHT = 1_000

/** Calls `enqueue` `jobs` times, with 1,000 calls in flight. Resolves when all of them have. */
export async function keepInFlight(jobs: number, enqueue: () => Promise<unknown>): Promise<void> {
  let left = jobs
  const producer = async (): Promise<void> => {
    while (left-- > 0) await enqueue()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, producer))
}

/** A payload whose JSON has about `payload` bytes. */
export function payloadOf({ payload }: { payload: number }): { text: string } {
  return { text: 'x'.repeat(Math.max(0, payload - '{"text":""}'.length)) }
}

/** Runs `work`, which handles `jobs` jobs, and resolves to its jobs a second. */
export async function rate(jobs: number, work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (jobs / (performance.now() - start)) * 1_000
}
