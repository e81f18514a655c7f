import { randomInt } from 'node:crypto'
import { HelveError, read } from '../../job/errors.ts'
import { toJobError } from '../../job/failure.ts'
import type { EnqueueResult, NewJob } from '../../job/job.ts'
import { NEVER } from '../../job/limits.ts'
import type { Pause } from '../../job/pause.ts'
import { Suspects } from '../claiming/suspects.ts'
import { TurnClaims } from '../claiming/turn-claims.ts'
import { isUpkeep, type Command, type CommandResult } from '../command.ts'
import type { Settle, Settled, Turn, TurnResult } from '../turn.ts'
import type { QueueClock } from '../timeline.ts'
import { SqliteClaimSource } from './claim-source.ts'
import { execute } from './commands.ts'
import { enqueue, tryEnqueueAll, writeAll, type Writing } from './enqueue.ts'
import { joinQueue } from './groups.ts'
import type { QueueChanges } from './queue-changes.ts'
import { completeAll, plain, setAside, settle } from './settle.ts'
import { pauses } from './standing.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'
import { isOfTheStore } from './errors.ts'
import type { Transactions } from './transactions.ts'
import type { Webhooks } from './webhooks.ts'

// Counted on from a random start, in steps that leave room for the ids that are added to it: no two
// claims of a job share a token, and nobody guesses them.
const STEP = 2 ** 21
let lastClaim = randomInt(2 ** 47)

/** Jobs that one turn makes due because the wall clock has come to their time. */
const MOST_PROMOTED = 500

const COMPLETED: Settled = { state: 'completed', rerun: false, followUps: [] }

type Taken = Omit<TurnResult, 'heldMs'>

/** What one turn works with. */
interface Work extends Writing {
  statements: QueueStatements & EnqueueStatements
  /** Whether each part is undone by itself if it fails. */
  careful: boolean
}

interface Parts {
  statements: QueueStatements & EnqueueStatements
  transactions: Transactions
  webhooks: Webhooks
  clock: QueueClock
}

/** The turns of the queue: each is one transaction. */
export class Turns {
  readonly #parts: Parts
  #pauses: Pause[] = []
  #pausesVersion: unknown = undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * A part that fails by itself, such as the ending of a damaged row, fails the whole transaction.
   * The turn is then taken once more, with each part set aside that fails again.
   */
  take(turn: Turn): Taken {
    try {
      return this.#transact(turn, false)
    } catch (error) {
      if (error instanceof HelveError) throw error
      return this.#transact(turn, true)
    }
  }

  #transact(turn: Turn, careful: boolean): Taken {
    const { transactions, statements, clock } = this.#parts
    const isPromised = turn.enqueues.length > 0 || turn.commands.some(isAsked)
    try {
      return transactions[isPromised ? 'acknowledged' : 'repeatable']((changes) => {
        const { now } = turn
        return this.#body(turn, { statements, changes, now, wall: clock.wallOf(now), careful })
      })
    } catch (error) {
      // Its own pauses were rolled back with it.
      this.#pausesVersion = undefined
      throw error
    }
  }

  #body({ settles, commands, enqueues, suspect, admit, now }: Turn, work: Work): Taken {
    const { statements, changes } = work
    const hasPromoted = this.#promote(work)
    const settled = this.#settleAll(work, settles)
    const commanded = commands.map((command) => this.#execute(work, command))
    const isFirst = (job: NewJob): boolean => work.careful || isKeyed(job)
    const first = this.#enqueueFirst(work, enqueues.filter(isFirst))
    const others = enqueues.filter((job) => !isFirst(job))
    lastClaim += STEP
    const source = new SqliteClaimSource(statements, changes, now, lastClaim)
    const admissions = admit(source.due(others), this.#currentPauses())
    const claims = new TurnClaims({ source, suspects: new Suspects(suspect, now), now }, admissions)
    claims.begin()
    const written = writeAll(work, others, claims, lastClaim)
    const enqueued = first.length === 0 ? written : inOrder(enqueues, isFirst, first, written)
    const claimed = claims.finish()
    changes.flush(statements)
    const more = claimed.more || hasPromoted
    return { settled, commanded, enqueued, ...claimed, more, nextDue: this.#nextDue(now) }
  }

  /** Queues what the wall clock has made due. Whether there may be more of it. */
  #promote({ statements, changes, now, wall }: Work): boolean {
    if (nextMoment(statements) > wall) return false
    const rows = statements.promote.all({ now, wall, limit: MOST_PROMOTED })
    for (const [kind, group, priority, runAt] of rows as [
      string,
      string | null,
      number,
      number,
    ][]) {
      joinQueue(statements, changes, { kind, group, priority }, runAt, now)
    }
    return rows.length === MOST_PROMOTED
  }

  #settleAll(work: Work, settles: Settle[]): (Settled | undefined)[] {
    const first = plain(settles)
    const completed = work.careful ? this.#completeEach(work, first) : completeAll(work, first)
    return settles.map((one) => (completed.has(one) ? COMPLETED : this.#settle(work, one)))
  }

  /** Those that fail are left: their own settling tells why. */
  #completeEach(work: Work, settles: Settle[]): Set<Settle> {
    const complete = (one: Settle): boolean =>
      this.#apart(work, (own) => completeAll(own, [one]).size === 1) === true
    return new Set(settles.filter(complete))
  }

  #settle(work: Work, one: Settle): Settled | undefined {
    const { transactions, webhooks } = this.#parts
    const body = (changes: QueueChanges): Settled | undefined => {
      const settled = settle({ ...work, changes }, one)
      if (settled) for (const delivery of one.deliveries) webhooks.record(delivery)
      return settled
    }
    const isPlain = one.followUps.length + one.deliveries.length === 0
    if (isPlain && !work.careful) return body(work.changes)
    try {
      return transactions.part(work.changes, body)
    } catch (error) {
      const refused = refusal(error)
      if (isPlain || refused === undefined) return this.#setAside(work, one, error)
      return { state: 'running', refused, rerun: false, followUps: [] }
    }
  }

  /** The ending of a run cannot be written: its job must not stop the others. */
  #setAside(work: Work, one: Settle, error: unknown): Settled | undefined {
    if (!work.careful || isOfTheStore(error)) throw error
    const reason = `its ending could not be written: ${toJobError(error).message}`
    if (!setAside(work, one, reason)) return undefined
    const why = new HelveError('HELVE_ERR_STORE_CORRUPT', `job ${one.job.id}: ${reason}`)
    return { state: 'dead', setAside: why, rerun: false, followUps: [] }
  }

  #execute(work: Work, command: Command): CommandResult | HelveError {
    return this.#apart(work, (own) => execute(own, command))
  }

  /** A part that is undone by itself; an error stands for one that is refused. */
  #apart<T>(work: Work, body: (work: Work) => T): T | HelveError {
    try {
      return this.#parts.transactions.part(work.changes, (changes) => body({ ...work, changes }))
    } catch (error) {
      if (error instanceof HelveError) return error
      if (!work.careful || isOfTheStore(error)) throw error
      const problem = toJobError(error).message
      return new HelveError('HELVE_ERR_OPTION', `file: it cannot take this: ${problem}`, {
        cause: error,
      })
    }
  }

  /** Those that may fold into what is queued, in whatever queue that is, and so change what comes next. */
  #enqueueFirst(work: Work, jobs: readonly NewJob[]): (EnqueueResult | HelveError)[] {
    if (!work.careful) return tryEnqueueAll(work, jobs)
    return jobs.map((job) => this.#apart(work, (own) => enqueue(own, job)))
  }

  /** Read again only when something has been paused or resumed. */
  #currentPauses(): readonly Pause[] {
    const { statements } = this.#parts
    const version = statements.pausesVersion.get()
    if (version !== this.#pausesVersion) {
      this.#pauses = pauses(statements)
      this.#pausesVersion = version
    }
    return this.#pauses
  }

  #nextDue(now: number): number {
    const { statements, clock } = this.#parts
    const bound = (statements.nextReady.get(now) as number | undefined) ?? NEVER
    const next = bound < NEVER ? bound : Infinity
    return Math.min(next, Math.max(now, clock.timeOf(nextMoment(statements))))
  }
}

/** When the wall clock makes the next job due. */
function nextMoment(statements: QueueStatements): number {
  return (statements.nextWall.get() as number | undefined) ?? Infinity
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

function isKeyed({ dedupeKey }: NewJob): boolean {
  return dedupeKey !== null
}

/** Whether somebody relies on the command once it has been executed. */
function isAsked(command: Command): boolean {
  return !isUpkeep(command) && command.type !== 'discard'
}

/** What the store has against an ending itself, and not against the transaction as a whole. */
function refusal(error: unknown): HelveError | undefined {
  if (error instanceof HelveError) return error
  const constraint = String(read(error, 'code')).startsWith('SQLITE_CONSTRAINT')
  if (!constraint && !(error instanceof TypeError) && !(error instanceof RangeError))
    return undefined
  const problem = toJobError(error).message
  return new HelveError(
    'HELVE_ERR_OPTION',
    `delivery: expected a record, got one with ${problem}`,
    { cause: error },
  )
}
