import type { ClaimedJob, NewJob } from '../../job/job.ts'
import type { Admission } from '../admission.ts'
import type { TurnResult } from '../turn.ts'
import { LaneClaims, type ClaimTurn } from './lane-claims.ts'

/** The claims of one turn, each lane's for itself. */
export class TurnClaims {
  readonly #claims: LaneClaims[]
  readonly #byKind = new Map<string, LaneClaims>()

  constructor(turn: ClaimTurn, admissions: Admission[]) {
    this.#claims = admissions.map((admission) => new LaneClaims(turn, admission))
    for (const claim of this.#claims) {
      for (const { kind } of claim.queues) this.#byKind.set(kind, claim)
    }
  }

  /** Claims what is due so far, and comes before what is still to be written. */
  begin(): void {
    for (const claim of this.#claims) claim.begin()
  }

  /**
   * Whether a job that is not written yet may be claimed with its writing, which takes its room:
   * most jobs of a queue that keeps up are written once and deleted once.
   */
  admits(job: NewJob): boolean {
    return this.#byKind.get(job.kind)?.admits(job) ?? false
  }

  /** A job that {@link admits} let in has been written. */
  add(job: ClaimedJob): void {
    this.#byKind.get(job.kind)!.jobs.push(job)
  }

  /** Claims what else is due, now that all is written, and tells what was claimed in all. */
  finish(): Pick<TurnResult, 'claimed' | 'unfiled' | 'more' | 'behind'> {
    for (const claim of this.#claims) claim.finish()
    return {
      claimed: this.#claims.flatMap(({ jobs }) => jobs),
      unfiled: this.#claims.flatMap(({ unfiled }) => unfiled),
      more: this.#claims.some(({ hasMore }) => hasMore),
      behind: this.#claims.some(({ isBehind }) => isBehind),
    }
  }
}
