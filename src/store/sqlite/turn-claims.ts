import { randomInt } from 'node:crypto'
import type { ClaimedJob, NewJob } from '../../job/job.ts'
import type { Admission, Queue, TurnResult } from '../store.ts'
import { LaneClaims } from './lane-claims.ts'
import type { Counters } from './counters.ts'
import type { EnqueueStatements, QueueStatements } from './statements.ts'

// Counted on from a random start, in steps that leave room for the ids that are added to it: no two
// claims of a job share a token, and nobody guesses them.
const STEP = 2 ** 21
let lastClaim = randomInt(2 ** 47)

/**
 * The queues that there are, and those that new jobs will make: a few, however many jobs there are.
 */
export function backlog(statements: QueueStatements, jobs: readonly NewJob[] = []): Queue[] {
  const queues = statements.backlog.all().map((row): Queue => {
    return { kind: row[0] as string, priority: row[1] as number }
  })
  let newest: Queue | undefined
  for (const { kind, priority } of jobs) {
    const same = (queue: Queue): boolean => queue.kind === kind && queue.priority === priority
    if (newest !== undefined && same(newest)) continue
    newest = queues.find(same)
    if (newest === undefined) queues.push((newest = { kind, priority }))
  }
  return queues
}

/** The claims of one turn, each lane's for itself. */
export class TurnClaims {
  /** A job's token is this and its id. */
  readonly number: number
  readonly #claims: LaneClaims[]
  readonly #byKind = new Map<string, LaneClaims>()

  constructor(
    statements: QueueStatements & EnqueueStatements,
    counters: Counters,
    admissions: Admission[],
    now: number,
  ) {
    lastClaim += STEP
    this.number = lastClaim
    this.#claims = admissions.map(
      (admission) => new LaneClaims(statements, counters, admission, now, lastClaim),
    )
    for (const claim of this.#claims) {
      for (const { kind } of claim.queues) this.#byKind.set(kind, claim)
    }
  }

  /** Claims what is due so far, and comes before what is still to be written. */
  begin(): this {
    for (const claim of this.#claims) claim.begin()
    return this
  }

  /**
   * Whether a job that is not written yet may be claimed with its writing, which takes its room:
   * most jobs of a queue that keeps up are written once and deleted once.
   */
  admits(job: NewJob): boolean {
    return this.#byKind.get(job.kind)?.admits(job) ?? false
  }

  add(job: ClaimedJob): void {
    this.#byKind.get(job.kind)!.jobs.push(job)
  }

  /** Claims what else is due, now that all is written, and tells what was claimed in all. */
  finish(): Pick<TurnResult, 'claimed' | 'nextDue' | 'more' | 'behind'> {
    for (const claim of this.#claims) claim.finish()
    return {
      claimed: this.#claims.flatMap(({ jobs }) => jobs),
      nextDue: Math.min(...this.#claims.map(({ nextDue }) => nextDue)),
      more: this.#claims.some(({ isCut }) => isCut),
      behind: this.#claims.some(({ isBehind }) => isBehind),
    }
  }
}
