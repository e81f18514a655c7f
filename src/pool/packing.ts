import type { Assignment } from './assignment.ts'

/** A thread that runs one hand-off after the other, as it is before packing gives it jobs. */
export interface Candidate {
  /** Room of the thread for short jobs: at most one full hand-off. */
  room: number
  /** Whether the thread has nothing to do. */
  isIdle: boolean
  /** Kinds of the jobs that the thread has. */
  kinds: ReadonlySet<string>
}

/** Jobs that are handed to a thread together. */
export interface HandOff {
  assignments: Assignment[]
  /** In hand-offs; Infinity for a job whose end cannot be foreseen. */
  cost: number
}

/** Jobs that cost less than this share of a hand-off are not worth a message to a second thread. */
const WORTH_A_THREAD = 1 / 3
const SLACK = 1e-9

/**
 * Packs jobs for threads, in the order of the jobs: at most one packet for each candidate. A job
 * that costs a whole hand-off goes alone to an idle thread. The other jobs share threads evenly. No
 * kind gets more threads than it may hold.
 *
 * @param idleForAll idle threads that any kind may have; the others are for kinds without a thread
 */
export function pack(
  jobs: readonly Assignment[],
  candidates: readonly Candidate[],
  idleForAll: number,
  cost: (assignment: Assignment) => number,
): Packing {
  const prices = jobs.map(cost)
  const light = prices.reduce((sum, price) => (price < 1 ? sum + price : sum), 0)
  const share = Math.min(1, light / Math.ceil(light / WORTH_A_THREAD))
  const packing = new Packing(candidates, idleForAll)
  for (const [i, job] of jobs.entries()) packing.put(job, prices[i]!, share)
  return packing
}

/** A candidate while packing gives it jobs. */
interface Place {
  readonly room: number
  readonly isIdle: boolean
  /** Kinds of the jobs that the candidate has, and of the jobs that packing gives it. */
  readonly kinds: Set<string>
  packet: HandOff | undefined
  /** Whether the candidate takes no more jobs until it is idle. */
  isKept: boolean
}

/** Decides which jobs each candidate gets. */
export class Packing {
  /** Jobs that no candidate gets. */
  readonly left: Assignment[] = []
  readonly #places: Place[]
  readonly #order: readonly Place[]
  readonly #idleForAll: number

  constructor(candidates: readonly Candidate[], idleForAll: number) {
    this.#places = candidates.map(({ room, isIdle, kinds }) => {
      return { room, isIdle, kinds: new Set(kinds), packet: undefined, isKept: false }
    })
    // Idle candidates first: short jobs go behind other jobs only when there is no other place.
    this.#order = this.#places.toSorted((a, b) => Number(b.isIdle) - Number(a.isIdle))
    this.#idleForAll = idleForAll
  }

  /** By candidate; undefined for a candidate that gets no job. */
  get packets(): (HandOff | undefined)[] {
    return this.#places.map(({ packet }) => packet)
  }

  /**
   * Gives one job to a candidate, if any has room.
   *
   * @param share of a hand-off, up to which jobs fill the candidates evenly
   */
  put(job: Assignment, price: number, share: number): void {
    const place = this.#find(job, price, share) ?? this.#find(job, price, 1)
    if (place === undefined) {
      this.left.push(job)
      if (price >= 1) this.#keepPlace(job)
      return
    }
    place.kinds.add(job.job.kind)
    place.packet ??= { assignments: [], cost: 0 }
    place.packet.assignments.push(job)
    place.packet.cost = price < 1 ? place.packet.cost + price : Infinity
  }

  #find(job: Assignment, price: number, upTo: number): Place | undefined {
    for (const place of this.#order) {
      if (fits(place, price, upTo) && this.#mayHold(job, place)) return place
    }
    return undefined
  }

  /** Keeps the roomiest candidate for a job that waits: later short jobs must not fill it up. */
  #keepPlace(job: Assignment): void {
    let roomiest: Place | undefined
    for (const place of this.#order) {
      if (place.room <= (roomiest?.room ?? 0) || place.isKept) continue
      if (this.#mayHold(job, place)) roomiest = place
    }
    if (roomiest !== undefined) roomiest.isKept = true
  }

  #mayHold({ job, terms }: Assignment, place: Place): boolean {
    if (place.kinds.has(job.kind)) return true
    let holders = 0
    for (const { kinds } of this.#places) if (kinds.has(job.kind)) holders += 1
    if (holders >= terms.most) return false
    return holders === 0 || !place.isIdle || place.packet !== undefined || this.#isIdleForAll
  }

  /** Whether any kind may have one more of the idle candidates. */
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
