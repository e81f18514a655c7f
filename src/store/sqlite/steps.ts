import { read, type HelveError } from '../../job/errors.ts'
import { failureText } from '../../job/failure.ts'
import type { EnqueueResult, NewJob } from '../../job/job.ts'
import { NEVER } from '../../job/limits.ts'
import type { Move } from '../../job/outcome.ts'
import type { Pause } from '../../job/pause.ts'
import type { ClaimSource } from '../claiming/source.ts'
import type { TurnClaims } from '../claiming/turn-claims.ts'
import type { Command, CommandResult } from '../command.ts'
import { doApart, eachApart, settleApart, type Apart } from '../rules/set-aside.ts'
import { hasEffects } from '../rules/settle-all.ts'
import type { QueueClock } from '../timeline.ts'
import type { Settle, SettleResult } from '../turn.ts'
import type { TurnSteps } from '../rules/turn-steps.ts'
import { SqliteClaimSource } from './claim-source.ts'
import { execute } from './commands.ts'
import { enqueue, tryEnqueueAll, writeAll, type Writing } from './enqueue.ts'
import { isOfTheStore } from './errors.ts'
import { joinQueue } from './groups.ts'
import { publish } from './publish.ts'
import type { QueueChanges } from './queue-changes.ts'
import { completeAll, setAside, settle } from './settle.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'
import type { Transactions } from './transactions.ts'
import type { Webhooks } from './webhooks.ts'

/** The parts of a store that every turn works with. */
export interface TurnParts {
  statements: QueueStatements & EnqueueStatements
  transactions: Transactions
  webhooks: Webhooks
  clock: QueueClock
}

/** The statements and times that one transaction works with. */
interface Work extends Writing {
  statements: QueueStatements & EnqueueStatements
}

/** The steps of one turn, as statements of its transaction. */
export class SqliteSteps implements TurnSteps, Apart<Work> {
  readonly isCareful: boolean
  readonly #parts: TurnParts
  readonly #work: Work
  commandBytes = 0
  readonly pauses: () => readonly Pause[]

  constructor(
    parts: TurnParts,
    work: Work,
    isCareful: boolean,
    currentPauses: () => readonly Pause[],
  ) {
    this.#parts = parts
    this.#work = work
    this.isCareful = isCareful
    this.pauses = currentPauses
  }

  promote(limit: number): number {
    const { statements, changes, now, wall } = this.#work
    if (this.#nextMoment() > wall) return 0
    const rows = statements.promote.all({ now, wall, limit })
    for (const [kind, group, priority, runAt] of rows as Promoted[]) {
      joinQueue(statements, changes, { kind, group, priority }, runAt, now)
    }
    return rows.length
  }

  complete(settles: readonly Settle[]): Set<Settle> {
    // A run that has left an attempt open is settled with the end of that attempt.
    const { attempting } = this.#parts.webhooks.attempts
    const whole =
      attempting.size === 0 ? settles : settles.filter(({ job }) => !attempting.has(job.id))
    if (!this.isCareful) return completeAll(this.#work, whole, false)
    return eachApart(this, whole, (own, one) => completeAll(own, [one], true).size === 1)
  }

  settle(one: Settle): SettleResult | undefined {
    const body = (work: Work): SettleResult | undefined => {
      const settled = settle(work, one)
      return settled && this.#withEffects(settled, one, work)
    }
    if (!hasEffects(one) && !this.isCareful) return body(this.#work)
    return settleApart(this, one, body, (reason) => this.#setAside(one, reason))
  }

  /** Writes what a settle writes besides the end of its run. */
  #withEffects(settled: SettleResult, one: Settle, work: Work): SettleResult {
    const { webhooks } = this.#parts
    const { masked, attempts } = webhooks
    const { job, deliveries, publications = [], move } = one
    for (const publication of publications) publish({ ...work, masked }, publication)
    const changed = deliveries.map((record) => attempts.record(record, job.id, work.now))
    attempts.interrupt(job.id, interruption(move), work.now)
    const changes = changed.filter((change) => change !== undefined)
    return changes.length === 0 ? settled : { ...settled, webhooks: changes }
  }

  #setAside(one: Settle, reason: string): boolean {
    const isOwned = setAside(this.#work, one, reason)
    if (isOwned) this.#parts.webhooks.attempts.interrupt(one.job.id, reason, this.#work.now)
    return isOwned
  }

  execute(command: Command): CommandResult | HelveError {
    const wrote = (bytes: number): void => {
      this.commandBytes += bytes
    }
    const { webhooks } = this.#parts
    const { masked } = webhooks
    return doApart(this, (own) => execute({ ...own, wrote, masked, webhooks }, command))
  }

  enqueue(jobs: readonly NewJob[]): (EnqueueResult | HelveError)[] {
    if (!this.isCareful) return tryEnqueueAll(this.#work, jobs)
    return jobs.map((job) => doApart(this, (own) => enqueue(own, job)))
  }

  source(claim: number): ClaimSource {
    const { statements, changes, now } = this.#work
    return new SqliteClaimSource(statements, changes, now, claim)
  }

  write(jobs: readonly NewJob[], claims: TurnClaims, claim: number): EnqueueResult[] {
    return writeAll(this.#work, jobs, claims, claim)
  }

  nextDue(): number {
    const { statements, changes, now } = this.#work
    changes.flush(statements)
    const bound = (statements.nextReady.get(now) as number | undefined) ?? NEVER
    const next = bound < NEVER ? bound : Infinity
    return Math.min(next, Math.max(now, this.#parts.clock.timeOf(this.#nextMoment())))
  }

  part<T>(body: (work: Work) => T): T {
    const { transactions } = this.#parts
    const run = (changes: QueueChanges): T => body({ ...this.#work, changes })
    return transactions.part(this.#work.changes, run)
  }

  isOfTheStore(error: unknown): boolean {
    return isOfTheStore(error)
  }

  isOfAValue(error: unknown): boolean {
    const isConstraint = String(read(error, 'code')).startsWith('SQLITE_CONSTRAINT')
    return isConstraint || error instanceof TypeError || error instanceof RangeError
  }

  /** The wall time at which the wall clock makes the next job due; Infinity for none. */
  #nextMoment(): number {
    return (this.#work.statements.nextWall.get() as number | undefined) ?? Infinity
  }
}

/** Why an attempt has no end of its own. */
function interruption(move: Move): string {
  if (move.to === 'completed') return 'the run completed without an end of the attempt'
  const { error } = move
  return error === null ? 'the run was interrupted' : failureText(error)
}

type Promoted = [kind: string, group: string | null, priority: number, runAt: number]
