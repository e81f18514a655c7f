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
 */
export function pack(
  jobs: readonly HandOff[],
  candidates: readonly Candidate[],
  idleForAll: number,
  cost: (handOff: HandOff) => number,
): Packing {
  const prices = jobs.map(cost)
  const light = prices.reduce((sum, price) => (price < 1 ? sum + price : sum), 0)
  const share = Math.min(1, light / Math.ceil(light / WORTH_A_THREAD))
  const packing = new Packing(candidates, idleForAll)
  for (const [i, job] of jobs.entries()) packing.put(job, prices[i]!, share)
  return packing
}

/** A candidate while jobs are given to it. */
interface Place {
  readonly room: number
  readonly isIdle: boolean
  /** Kinds of the jobs that it has, and of those that it is given. */
  readonly kinds: Set<string>
  packet: Packed | undefined
  /** Whether it takes nothing more until it is idle. */
  isKept: boolean
}

/** What each candidate is given. */
export class Packing {
  /** Jobs that no candidate is given. */
  readonly left: HandOff[] = []
  readonly #places: Place[]
  readonly #order: readonly Place[]
  readonly #idleForAll: number

  constructor(candidates: readonly Candidate[], idleForAll: number) {
    this.#places = candidates.map(({ room, isIdle, kinds }) => {
      return { room, isIdle, kinds: new Set(kinds), packet: undefined, isKept: false }
    })
    // Idle ones first, so that short jobs fill up behind others only when there is no other place.
    this.#order = this.#places.toSorted((a, b) => Number(b.isIdle) - Number(a.isIdle))
    this.#idleForAll = idleForAll
  }

  /** By candidate; undefined where nothing is given. */
  get packets(): (Packed | undefined)[] {
    return this.#places.map(({ packet }) => packet)
  }

  /**
   * Gives one job to a candidate, if any has room.
   *
   * @param share up to which the candidates are filled evenly
   */
  put(job: HandOff, price: number, share: number): void {
    const place = this.#find(job, price, share) ?? this.#find(job, price, 1)
    if (place === undefined) {
      this.left.push(job)
      if (price >= 1) this.#keepPlace(job)
      return
    }
    place.kinds.add(job.job.kind)
    place.packet ??= { handOffs: [], cost: 0 }
    place.packet.handOffs.push(job)
    place.packet.cost = price < 1 ? place.packet.cost + price : Infinity
  }

  #find(job: HandOff, price: number, upTo: number): Place | undefined {
    for (const place of this.#order) {
      if (fits(place, price, upTo) && this.#mayHold(job, place)) return place
    }
    return undefined
  }

  /** Short jobs that come later must not fill up the place that the job waits for. */
  #keepPlace(job: HandOff): void {
    let roomiest: Place | undefined
    for (const place of this.#order) {
      if (place.room <= (roomiest?.room ?? 0) || place.isKept) continue
      if (this.#mayHold(job, place)) roomiest = place
    }
    if (roomiest !== undefined) roomiest.isKept = true
  }

  #mayHold({ job, terms }: HandOff, place: Place): boolean {
    if (place.kinds.has(job.kind)) return true
    let holders = 0
    for (const { kinds } of this.#places) if (kinds.has(job.kind)) holders += 1
    if (holders >= terms.most) return false
    return holders === 0 || !place.isIdle || place.packet !== undefined || this.#isIdleForAll
  }

  /** Whether any kind may have one more of those that are idle. */
  get #isIdleForAll(): boolean {
    let used = 0
    for (const { isIdle, packet } of this.#places) if (isIdle && packet) used += 1
    return used < this.#idleForAll
  }
}

function fits({ isIdle, room, packet, isKept }: Place, price: number, upTo: number): boolean {
  if (isKept) return false
  if (price >= 1) return isIdle && packet === undefined
  return packet === undefined ? room > 0 : packet.cost < Math.min(upTo, room) - SLACK
}
