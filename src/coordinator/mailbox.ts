import { HelveError } from '../job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { isUpkeep, type Command, type CommandResult } from '../store/command.ts'
import { bytesOf, rowsOf } from './weight.ts'

/** Mail whose sender waits for the commit. */
interface Awaited<T> {
  /** When the sender began to wait, on the monotonic clock. */
  since: number
  resolve: (result: T) => void
  reject: (error: unknown) => void
}

/** A submission that waits for its commit. */
export interface Submission extends Awaited<EnqueueResult> {
  job: NewJob
}

/** A command that waits for its commit. */
export interface Order extends Awaited<CommandResult> {
  command: Command
}

/** A run that has ended and waits for its settle. */
export interface Ending {
  job: ClaimedJob
  outcome: Outcome
  /** Milliseconds that the run took; undefined when nobody has measured them. */
  took?: number | undefined
}

/** What one turn takes out of the mailbox. */
export interface Mail {
  endings: Ending[]
  orders: Order[]
  submissions: Submission[]
  /** Calls a `runOnce` back; undefined when none waits. */
  once: ((ran: boolean) => void) | undefined
}

/** What a turn takes of an empty mailbox. */
export const NO_MAIL: Mail = { endings: [], orders: [], submissions: [], once: undefined }

/** Submissions that may wait at a time. */
const MOST_WAITING = 10_000
/** Bytes of payloads and records that one turn writes at most: SQLite takes some 5 ms for them. */
const MOST_BYTES = 1_048_576
/** Most commands of one turn: each command may write a row with a payload of the largest size. */
const MOST_ORDERS = 32

/** The mail that has reached the coordinator, and that no turn has taken yet. */
export class Mailbox {
  #endings: Ending[] = []
  #orders: Order[] = []
  /** Orders of the engine itself: until they are executed, each turn finds the same work again. */
  #upkeep: Order[] = []
  #submissions: Submission[] = []
  #onces: ((ran: boolean) => void)[] = []
  #takesOnces = true
  /** `runOnce` calls that wait for room. */
  #held: ((ran: boolean) => void)[] = []

  get isEmpty(): boolean {
    const orders = this.#upkeep.length + this.#orders.length
    return this.#endings.length + orders + this.#submissions.length + this.#onces.length === 0
  }

  /** How many endings wait. */
  get endings(): number {
    return this.#endings.length
  }

  end(ending: Ending): void {
    this.#endings.push(ending)
  }

  order(order: Order): void {
    if (isUpkeep(order.command)) this.#upkeep.push(order)
    else this.#orders.push(order)
  }

  submit(submission: Submission): void {
    if (this.#submissions.length >= MOST_WAITING) submission.reject(backpressure())
    else this.#submissions.push(submission)
  }

  once(): Promise<boolean> {
    if (!this.#takesOnces) return Promise.resolve(false)
    return new Promise((resolve) => this.#onces.push(resolve))
  }

  /** Keeps a `runOnce` call until {@link releaseOnces}: a job is due, but has no room. */
  hold(once: (ran: boolean) => void): void {
    if (this.#takesOnces) this.#held.push(once)
    else once(false)
  }

  /** Lets no call of `runOnce` claim any more. */
  endOnces(): void {
    this.#takesOnces = false
    for (const once of [...this.#onces.splice(0), ...this.#held.splice(0)]) once(false)
  }

  /** Lets held `runOnce` calls try again, since there may be room. */
  releaseOnces(): void {
    if (this.#held.length > 0) this.#onces.unshift(...this.#held.splice(0))
  }

  /**
   * Takes mail of at most `most` rows, half of them for endings, and of {@link MOST_BYTES}. Takes
   * one ending and one submission in any case.
   *
   * @param behind whether to let in half the submissions only
   */
  take(most: number, behind: boolean): Mail {
    const budget = { rows: most / 2, bytes: MOST_BYTES }
    const endings = taken(this.#endings, budget, rowsOf, bytesOf)
    const asked = this.#orders.splice(0, Math.min(most, MOST_ORDERS))
    const orders = [...this.#upkeep.splice(0), ...asked]
    budget.rows += most / 2
    if (behind) budget.rows /= 2
    const submissions = taken(this.#submissions, budget, one, payloadOf)
    return { endings, orders, submissions, once: this.#onces.shift() }
  }

  /** Puts mail back at the front, so that it goes first into the next turn. */
  putBack({ endings, orders, submissions, once }: Mail): void {
    this.#endings.unshift(...endings)
    this.#upkeep.unshift(...orders.filter(({ command }) => isUpkeep(command)))
    this.#orders.unshift(...orders.filter(({ command }) => !isUpkeep(command)))
    this.#submissions.unshift(...submissions)
    if (once === undefined) return
    if (this.#takesOnces) this.#onces.unshift(once)
    else once(false)
  }

  /** Refuses all mail whose sender waits: nothing is written any more. */
  refuse(error: HelveError): void {
    for (const { reject } of this.#submissions.splice(0)) reject(error)
    const orders = [...this.#upkeep.splice(0), ...this.#orders.splice(0)]
    for (const { reject } of orders) reject(error)
    this.endOnces()
  }
}

/** Takes the first items of a list that fit into the budget; at least one. */
function taken<T>(
  list: T[],
  budget: { rows: number; bytes: number },
  rows: (item: T) => number,
  bytes: (item: T) => number,
): T[] {
  let number = 0
  for (const item of list) {
    if (number > 0 && (budget.rows < 1 || budget.bytes < 0)) break
    budget.rows -= rows(item)
    budget.bytes -= bytes(item)
    number += 1
  }
  return list.splice(0, number)
}

function one(): number {
  return 1
}

function payloadOf({ job }: Submission): number {
  return job.payload.length
}

function backpressure(): HelveError {
  return new HelveError(
    'HELVE_ERR_BACKPRESSURE',
    `enqueue: expected at most ${MOST_WAITING} submissions that wait for their commit: ` +
      'await some of them first',
  )
}
