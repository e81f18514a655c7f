import { randomInt } from 'node:crypto'
import type { ClaimedJob, NewJob } from '../../job/job.ts'
import type { Admission, PricedQueue, Queue, TurnResult } from '../store.ts'
import type { Counters } from './counters.ts'
import { claimedNow } from './rows.ts'
import type { QueueStatements } from './statements.ts'

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

/** Costs are fractions: their sums are not exact. */
const SLACK = 1e-9

/** The claims of one turn, each admission's for itself. */
export class Claims {
  /** A job's token is this and its id. */
  readonly number: number
  readonly #counters: Counters
  readonly #claims: Claim[]
  readonly #byKind = new Map<string, Claim>()

  constructor(
    statements: QueueStatements,
    counters: Counters,
    admissions: Admission[],
    now: number,
  ) {
    lastClaim += STEP
    this.number = lastClaim
    this.#counters = counters
    this.#claims = admissions.map((admission) => new Claim(statements, admission, now, lastClaim))
    for (const claim of this.#claims) {
      for (const { kind } of claim.queues) this.#byKind.set(kind, claim)
    }
  }

  /** Claims what is due so far, and comes before what is still to be written. */
  begin(): this {
    for (const claim of this.#claims) claim.begin(this.#counters)
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
    const nextDue = Math.min(...this.#claims.map((claim) => claim.finish(this.#counters)))
    const claimed = this.#claims.flatMap(({ jobs }) => jobs)
    const more = this.#claims.some((claim) => claim.isCut)
    const behind = this.#claims.some((claim) => claim.isFull)
    return { claimed, nextDue, more, behind }
  }
}

/** The claims of one admission. */
class Claim {
  readonly queues: PricedQueue[]
  readonly jobs: ClaimedJob[] = []
  /** Whether there may be more that is due, and no room for it. */
  isFull = false
  readonly #statements: QueueStatements
  readonly #now: number
  readonly #number: number
  readonly #costs: Map<string, number>
  /** Queued jobs that it may still claim. */
  #left: number
  #room: number
  /** When there would be more to claim; Infinity if the room is what is short. */
  #nextDue = Infinity
  /** Whether all that is due has been claimed, so that a new job may start at once. */
  #idle = false

  constructor(statements: QueueStatements, admission: Admission, now: number, number: number) {
    const { queues, room, most } = admission
    this.queues = queues
    this.#statements = statements
    this.#now = now
    this.#number = number
    this.#left = most
    this.#costs = new Map(queues.map(({ kind, cost }) => [kind, cost]))
    this.#room = room + SLACK
  }

  /** Whether it was cut short by its `most`. */
  get isCut(): boolean {
    return this.#left === 0
  }

  /** Of several priorities, all are written first: the order of arrival is not that of the runs. */
  begin(counters: Counters): void {
    if (new Set(this.queues.map(({ priority }) => priority)).size > 1) return
    this.#idle = this.#claimDue(counters)
  }

  admits({ kind, runAt }: NewJob): boolean {
    if (runAt > this.#now) {
      this.#nextDue = Math.min(this.#nextDue, runAt)
      return false
    }
    const cost = this.#costs.get(kind)!
    this.#idle &&= cost <= this.#room
    if (this.#idle) this.#room -= cost
    return this.#idle
  }

  finish(counters: Counters): number {
    if (!this.#idle) this.#claimDue(counters)
    return this.#nextDue
  }

  /** In the order `priority, run_at, id`. False if there may be more, and no room for it. */
  #claimDue(counters: Counters): boolean {
    const { rows, full } = this.#due()
    const jobs = rows.map((row) => claimedNow(row, this.#number))
    if (jobs.length > 0) {
      const ids = JSON.stringify(jobs.map(({ id }) => id))
      this.#statements.claim.run(this.#number, this.#now, ids)
      for (const { kind, priority } of jobs) counters.move('queued', 'running', kind, priority)
      this.jobs.push(...jobs)
    }
    this.#nextDue = full ? Infinity : earliest(this.#statements, this.queues)
    this.isFull = full
    return !full
  }

  /** One priority after the other. */
  #due() {
    const rows: Row[] = []
    for (const priority of new Set(this.queues.map((queue) => queue.priority).sort(ascending))) {
      const level = this.queues.filter((queue) => queue.priority === priority)
      for (const row of this.#dueAt(level)) {
        const cost = this.#costs.get(row[KIND] as string)!
        if (this.isCut || cost > this.#room) return { rows, full: true }
        this.#room -= cost
        this.#left -= 1
        rows.push(row)
      }
    }
    const cheapest = Math.min(...this.#costs.values())
    return { rows, full: this.isCut || cheapest > this.#room }
  }

  /** The first due jobs of one priority: one more than there is room for, if there are so many. */
  #dueAt(level: PricedQueue[]): Row[] {
    const rows = level.flatMap(({ kind, priority, cost }) => {
      const limit = Math.min(Math.floor(this.#room / cost), this.#left) + 1
      return this.#statements.due.all(kind, priority, this.#now, limit)
    })
    // One kind's jobs come in order from the index; those of several kinds have to be merged.
    return level.length === 1 ? rows : rows.sort(inOrder)
  }
}

type Row = unknown[]

/** Where a row of `statements.due` has what orders it, and its kind. */
const [ID, KIND, RUN_AT] = [0, 1, 10]

function inOrder(a: Row, b: Row): number {
  return Number(a[RUN_AT]) - Number(b[RUN_AT]) || Number(a[ID]) - Number(b[ID])
}

function ascending(a: number, b: number): number {
  return a - b
}

/** When the first job of these queues is due. */
export function earliest(statements: QueueStatements, queues: Queue[]): number {
  const heads = queues.map(({ kind, priority }) => statements.head.get(kind, priority))
  return Math.min(...heads.filter((head) => head !== undefined).map(Number))
}
