import { HelveError } from '../../job/errors.ts'
import type { EnqueueResult, NewJob } from '../../job/job.ts'
import type { Pause } from '../../job/pause.ts'
import { nextClaim } from '../claiming/claim-number.ts'
import type { ClaimSource } from '../claiming/source.ts'
import { Suspects } from '../claiming/suspects.ts'
import { TurnClaims } from '../claiming/turn-claims.ts'
import { executeAll, type Executor } from './command-room.ts'
import { settleAll, type Settler } from './settle-all.ts'
import type { Turn, TurnResult } from '../turn.ts'

/** Most jobs that one turn makes due because the wall clock has come to their time. */
const MOST_PROMOTED = 500

type Written = EnqueueResult | HelveError

/** The result of a turn. The store adds for how long the turn held the event loop. */
export type Taken = Omit<TurnResult, 'heldMs'>

/** What a store does in the steps of one turn, all of it inside one transaction. */
export interface TurnSteps extends Settler, Executor {
  /** Whether each part of the turn that fails is undone alone. */
  isCareful: boolean
  /** Queues at most `limit` jobs that the wall clock has made due; returns their number. */
  promote(limit: number): number
  /** Writes jobs one by one; each may fold into the job that holds its dedupe key. */
  enqueue(jobs: readonly NewJob[]): Written[]
  /** The pauses: the same array as long as nothing has been paused or resumed. */
  pauses(): readonly Pause[]
  /** The queue as the claims see it; the claimed jobs get tokens of the claim number `claim`. */
  source(claim: number): ClaimSource
  /** Writes jobs that have no dedupe key, and claims at once the jobs that `claims` admits. */
  write(jobs: readonly NewJob[], claims: TurnClaims, claim: number): Written[]
  /** The moment at which the next queue may have a due job; Infinity for none. */
  nextDue(): number
}

/**
 * Takes a turn in a transaction. A part that fails, such as the ending of a damaged row, fails the
 * whole transaction. The turn is then taken once more, and each part that fails again is set aside.
 *
 * @param transact runs the steps in a transaction, which is rolled back if the steps throw
 */
export function takeTurn(
  turn: Turn,
  transact: (isCareful: boolean, body: (steps: TurnSteps) => Taken) => Taken,
): Taken {
  const body = (steps: TurnSteps): Taken => stepsOf(turn, steps)
  try {
    return transact(false, body)
  } catch (error) {
    if (error instanceof HelveError) throw error
    return transact(true, body)
  }
}

function stepsOf(turn: Turn, steps: TurnSteps): Taken {
  const { settles, commands, enqueues, suspect, admit, now } = turn
  const hasPromoted = steps.promote(MOST_PROMOTED) === MOST_PROMOTED
  const settled = settleAll(steps, settles)
  const commanded = executeAll(steps, commands)
  // Jobs with a key may fold into a queued job of any queue, and so change the order of the claims.
  const isFirst = (job: NewJob): boolean => steps.isCareful || job.dedupeKey !== null
  const first = steps.enqueue(enqueues.filter(isFirst))
  const others = enqueues.filter((job) => !isFirst(job))
  const claim = nextClaim()
  const source = steps.source(claim)
  const admissions = admit(source.due(others), steps.pauses())
  const claims = new TurnClaims({ source, suspects: new Suspects(suspect, now), now }, admissions)
  claims.begin()
  const written = steps.write(others, claims, claim)
  const enqueued = first.length === 0 ? written : inOrder(enqueues, isFirst, first, written)
  const claimed = claims.finish()
  const more = claimed.more || hasPromoted
  return { settled, commanded, enqueued, ...claimed, more, nextDue: steps.nextDue() }
}

/** The results of both sorts of jobs, in the order of the jobs. */
function inOrder<T>(
  jobs: readonly NewJob[],
  isFirst: (job: NewJob) => boolean,
  first: readonly T[],
  others: readonly T[],
): T[] {
  let [ofFirst, ofOthers] = [0, 0]
  return jobs.map((job) => (isFirst(job) ? first[ofFirst++]! : others[ofOthers++]!))
}
