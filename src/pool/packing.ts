import type { HandOff } from './hand-off.ts'

/** Jobs that are handed to a thread together, and what they cost. */
export interface Packed {
  handOffs: HandOff[]
  /** Infinity for a job whose end cannot be foreseen. */
  cost: number
}

/** Below this share of a full hand-off, a second thread is not worth its message. */
const WORTH_A_THREAD = 1 / 3

/**
 * Puts jobs together for threads, one packet at most for each, in the order of the jobs. One that
 * costs a whole hand-off goes alone; the others share those threads that are left, evenly.
 *
 * @param rooms of each thread
 */
export function pack(
  jobs: readonly HandOff[],
  rooms: readonly number[],
  cost: (handOff: HandOff) => number,
): Packed[] {
  const packets: Packed[] = []
  const light: HandOff[] = []
  let left = rooms.length
  for (const job of jobs) {
    if (cost(job) < 1) {
      if (light.length === 0) left -= 1
      light.push(job)
    } else if (left > 0) {
      left -= 1
      packets.push({ handOffs: [job], cost: Infinity })
    }
  }
  if (light.length === 0 || left < 0) return packets
  const total = light.reduce((sum, job) => sum + cost(job), 0)
  const shared = Math.min(left + 1, Math.ceil(total / WORTH_A_THREAD))
  const share = Math.min(1, total / shared)
  for (let i = 0; i < shared && light.length > 0; i++) {
    packets.push(fill(light, Math.min(share, rooms[packets.length]!), cost))
  }
  return packets
}

/** Takes jobs from the front until they are worth `share`: one at least. */
function fill(jobs: HandOff[], share: number, cost: (handOff: HandOff) => number): Packed {
  let sum = 0
  let end = 0
  while (end < jobs.length && sum < share - 1e-9) sum += cost(jobs[end++]!)
  return { handOffs: jobs.splice(0, end), cost: sum }
}
