import type { HandOff } from './hand-off.ts'

/** A thread that runs one hand-off after the other, as it is before jobs are given to it. */
export interface Candidate {
  /** What it could take of short jobs: at most one full hand-off. */
  room: number
  /** Whether it has nothing to do. */
  isIdle: boolean
  /** Kinds of the jobs that it has. */
  kinds: ReadonlySet<string>
}

/** Jobs that are handed to a thread together. */
export interface Packed {
  handOffs: HandOff[]
  /** Infinity for a job whose end cannot be foreseen. */
  cost: number
}

/** Below this share of a full hand-off, a second thread is not worth its message. */
const WORTH_A_THREAD = 1 / 3
const SLACK = 1e-9

/**
 * Puts jobs together for threads, in their order: one packet at most for each candidate. A job that
 * costs a whole hand-off goes alone, to a thread that is idle; the others share threads evenly. A
 * kind gets to no more threads than it may hold.
 *
 * @param idleForAll idle ones that any kind may have; the others are for kinds that have none
 * @returns by candidate; undefined where nothing is given
 */
export function pack(
  jobs: readonly HandOff[],
  candidates: readonly Candidate[],
  idleForAll: number,
  cost: (handOff: HandOff) => number,
): (Packed | undefined)[] {
  const packets: (Packed | undefined)[] = candidates.map(() => undefined)
  const held = candidates.map(({ kinds }) => new Set(kinds))
  /** Candidates that take nothing more, until they are idle. */
  const kept = new Set<number>()
  const light = jobs.filter((job) => cost(job) < 1)
  const total = light.reduce((sum, job) => sum + cost(job), 0)
  const share = Math.min(1, total / Math.ceil(total / WORTH_A_THREAD))
  // Idle ones first, so that short jobs fill up behind others only when there is no other place.
  const order = [...candidates.keys()].sort(
    (a, b) => Number(candidates[b]!.isIdle) - Number(candidates[a]!.isIdle),
  )
  for (const job of jobs) {
    const price = cost(job)
    const place = find(job, price, share) ?? find(job, price, 1)
    if (place === undefined) {
      if (price >= 1) keepPlace(job)
      continue
    }
    held[place]!.add(job.job.kind)
    const packet = (packets[place] ??= { handOffs: [], cost: 0 })
    packet.handOffs.push(job)
    packet.cost = price < 1 ? packet.cost + price : Infinity
  }
  return packets

  /** Short jobs that come later must not fill up the place that it waits for. */
  function keepPlace(job: HandOff): void {
    const soon = order.filter((at) => candidates[at]!.room > 0 && !kept.has(at) && mayHold(job, at))
    const at = soon.sort((a, b) => candidates[b]!.room - candidates[a]!.room)[0]
    if (at !== undefined) kept.add(at)
  }

  function find(job: HandOff, price: number, upTo: number): number | undefined {
    return order.find((at) => !kept.has(at) && fits(price, at, upTo) && mayHold(job, at))
  }

  function fits(price: number, at: number, upTo: number): boolean {
    const { isIdle, room } = candidates[at]!
    const packed = packets[at]?.cost
    if (price >= 1) return isIdle && packed === undefined
    return packed === undefined ? room > 0 : packed < Math.min(upTo, room) - SLACK
  }

  function mayHold({ job, terms }: HandOff, at: number): boolean {
    if (held[at]!.has(job.kind)) return true
    const holders = held.filter((kinds) => kinds.has(job.kind)).length
    if (holders >= terms.most) return false
    return holders === 0 || !candidates[at]!.isIdle || packets[at] !== undefined || isIdleForAll()
  }

  function isIdleForAll(): boolean {
    const used = packets.filter((packet, at) => packet && candidates[at]!.isIdle)
    return used.length < idleForAll
  }
}
