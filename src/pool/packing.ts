import type { HandOff } from './hand-off.ts'

/** What is put together for a thread, and what has to wait for another. */
export interface Packed {
  /** At most one for each free thread. */
  batches: HandOff[][]
  rest: HandOff[]
}

/** Below this share of a full hand-off, a second thread is not worth its message. */
const WORTH_A_THREAD = 1 / 3

/**
 * Puts jobs together into hand-offs, in their order. One that costs a whole hand-off goes alone;
 * the others share those threads that are left, evenly.
 */
export function pack(
  jobs: readonly HandOff[],
  threads: number,
  cost: (handOff: HandOff) => number,
): Packed {
  const rest: HandOff[] = []
  const batches: HandOff[][] = []
  const light: HandOff[] = []
  let left = threads
  for (const job of jobs) {
    if (cost(job) < 1) {
      if (light.length === 0) left -= 1
      light.push(job)
    } else if (left > 0) {
      left -= 1
      batches.push([job])
    } else {
      rest.push(job)
    }
  }
  if (light.length === 0) return { batches, rest }
  if (left < 0) return { batches, rest: [...light, ...rest] }
  const total = light.reduce((sum, job) => sum + cost(job), 0)
  const shared = Math.min(left + 1, Math.ceil(total / WORTH_A_THREAD))
  const share = Math.min(1, total / shared)
  for (let i = 0; i < shared; i++) batches.push(fill(light, share, cost))
  return { batches, rest: [...light, ...rest] }
}

/** Takes jobs from the front until they are worth `share`: one at least. */
function fill(jobs: HandOff[], share: number, cost: (handOff: HandOff) => number): HandOff[] {
  let sum = 0
  let end = 0
  while (end < jobs.length && sum < share - 1e-9) sum += cost(jobs[end++]!)
  return jobs.splice(0, end)
}
