import { HelveError } from '../job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'

/** A submission that waits for its commit. */
export interface Submission {
  job: NewJob
  /** On the monotonic clock. */
  since: number
  resolve: (result: EnqueueResult) => void
  reject: (error: unknown) => void
}

/** A run that has ended and waits for its settling. */
export interface Ending {
  job: ClaimedJob
  outcome: Outcome
  /** Milliseconds that the run took; undefined when nobody has measured them. */
  took?: number | undefined
}

/** What one turn takes out of the mailbox. */
export interface Mail {
  endings: Ending[]
  submissions: Submission[]
  /** Calls a `runOnce` back; undefined when none waits. */
  once: ((ran: boolean) => void) | undefined
}

/** Submissions that may wait at a time. */
const MOST_WAITING = 10_000

/** What has reached the coordinator and no turn has taken yet. */
export class Mailbox {
  #endings: Ending[] = []
  #submissions: Submission[] = []
  #onces: ((ran: boolean) => void)[] = []

  get isEmpty(): boolean {
    return this.#endings.length + this.#submissions.length + this.#onces.length === 0
  }

  /** How many. */
  get endings(): number {
    return this.#endings.length
  }

  end(ending: Ending): void {
    this.#endings.push(ending)
  }

  submit(submission: Submission): void {
    if (this.#submissions.length >= MOST_WAITING) submission.reject(backpressure())
    else this.#submissions.push(submission)
  }

  once(): Promise<boolean> {
    return new Promise((resolve) => this.#onces.push(resolve))
  }

  /**
   * Takes at most so much, half of which is for endings.
   *
   * @param behind lets in half the submissions
   */
  take(most: number, behind: boolean): Mail {
    const endings = this.#endings.splice(0, most / 2)
    const left = most - endings.length
    const submissions = this.#submissions.splice(0, behind ? left / 2 : left)
    return { endings, submissions, once: this.#onces.shift() }
  }

  /** Puts mail back in its place: it goes first into the next turn. */
  putBack({ endings, submissions, once }: Mail): void {
    this.#endings.unshift(...endings)
    this.#submissions.unshift(...submissions)
    if (once) this.#onces.unshift(once)
  }

  refuse(error: HelveError): void {
    for (const { reject } of this.#submissions.splice(0)) reject(error)
    for (const once of this.#onces.splice(0)) once(false)
  }
}

function backpressure(): HelveError {
  return new HelveError(
    'HELVE_ERR_BACKPRESSURE',
    `enqueue: expected at most ${MOST_WAITING} submissions that wait for their commit: ` +
      'await some of them first',
  )
}
