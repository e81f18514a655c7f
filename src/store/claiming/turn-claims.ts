import type { ClaimedJob, NewJob } from '../../job/job.ts'
import type { Admission } from '../admission.ts'
import type { TurnResult } from '../turn.ts'
import { LaneClaims, type ClaimTurn } from './lane-claims.ts'

/** The claims of one turn, for each lane by itself. */
export class TurnClaims {
  readonly #claims: LaneClaims[]
  readonly #byKind = new Map<string, LaneClaims>()

  constructor(turn: ClaimTurn, admissions: Admission[]) {
    this.#claims = admissions.map((admission) => new LaneClaims(turn, admission))
    for (const claim of this.#claims) {
      for (const { kind } of claim.queues) this.#byKind.set(kind, claim)
    }
  }

  /** Claims jobs that are due so far and come before the jobs that are still to be written. */
  begin(): void {
    for (const claim of this.#claims) claim.begin()
  }

  /**
   * Whether a job may be claimed as it is written; if so, takes the room for the job. Most jobs of
   * a queue that keeps up are then written once and deleted once.
   */
  admits(job: NewJob): boolean {
    return this.#byKind.get(job.kind)?.admits(job) ?? false
  }

  /** Adds a job that {@link admits} let in, and that has been written. */
  add(job: ClaimedJob): void {
    this.#byKind.get(job.kind)!.jobs.push(job)
  }

  /** Claims the other due jobs, after all jobs are written, and returns all claims of the turn. */
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
