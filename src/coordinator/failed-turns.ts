import type { Events } from '../events.ts'
import { HelveError } from '../job/errors.ts'
import type { EnqueueResult } from '../job/job.ts'
import { isUpkeep } from '../store/command.ts'
import { MAX_BUSY_TIME } from '../job/limits.ts'
import type { QueueStore } from '../store/store.ts'
import { NO_WORK } from '../store/turn.ts'
import type { Clock } from './clock.ts'
import type { Mail, Mailbox, Order, Submission } from './mailbox.ts'

/** Milliseconds before a turn that failed is tried again: doubling from the one to the other. */
const FIRST_RETRY = 10
const LONGEST_RETRY = 1_000

interface Parts {
  store: Pick<QueueStore, 'turn'>
  events: Events
  clock: Clock
  mailbox: Mailbox
  acknowledge: (submission: Submission, result: EnqueueResult | HelveError) => void
  /** It is time for the next try. */
  onRetry: () => void
}

/** What becomes of turns of which nothing could be written. */
export class FailedTurns {
  readonly #parts: Parts
  /** In a row, and the latest. */
  #failures = 0
  #error: unknown
  /** Calls off the next try. */
  #retry: (() => void) | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Until then there is no turn. */
  get isWaiting(): boolean {
    return this.#retry !== undefined
  }

  /** In a row. */
  get failures(): number {
    return this.#failures
  }

  succeeded(): void {
    this.#failures = 0
    this.#error = undefined
  }

  /**
   * Endings wait until they can be written, and nothing is claimed meanwhile. So does the upkeep of
   * the queue: nobody would ask for it again.
   */
  async failed(error: unknown, { endings, orders, submissions, once }: Mail): Promise<void> {
    const { events, mailbox } = this.#parts
    events.emit('error', () => ({ error, during: 'a turn, which is tried again' }))
    const busy = error instanceof HelveError && error.code === 'HELVE_ERR_STORE_BUSY'
    const waiting = <T extends Order | Submission>(mail: T[]): T[] =>
      busy ? this.#stillWaiting(mail, error) : []
    this.#error = error
    const upkeep = orders.filter(({ command }) => isUpkeep(command))
    const asked = orders.filter(({ command }) => !isUpkeep(command))
    const kept = { orders: [...upkeep, ...waiting(asked)], submissions: waiting(submissions) }
    mailbox.putBack({ endings, ...kept, once })
    if (!busy) for (const { reject } of asked) reject(error)
    if (!busy) await this.#oneByOne(submissions)
  }

  retryLater(): void {
    const delay = Math.min(FIRST_RETRY * 2 ** this.#failures, LONGEST_RETRY)
    this.#failures += 1
    this.#retry = this.#parts.clock.after(delay, () => {
      this.#retry = undefined
      this.#parts.onRetry()
    })
  }

  /** No more tries: what has not been settled is `running` for the next owner, which runs it again. */
  close(): void {
    this.#retry?.()
    const [error, { endings }] = [this.#error, this.#parts.mailbox]
    if (error === undefined || endings === 0) return
    const during = `stopping: the ends of ${endings} runs could not be written, and those run again`
    this.#parts.events.emit('error', () => ({ error, during }))
  }

  /** Those that may go on waiting for another process to let go of the write lock. */
  #stillWaiting<T extends Order | Submission>(mail: T[], error: HelveError): T[] {
    const oldest = this.#parts.clock.monotonic() - MAX_BUSY_TIME
    for (const { since, reject } of mail) if (since < oldest) reject(error)
    return mail.filter(({ since }) => since >= oldest)
  }

  /** So that a submission which cannot be written does not take the others along. */
  async #oneByOne(submissions: Submission[]): Promise<void> {
    const { store, clock, acknowledge } = this.#parts
    for (const one of submissions) {
      try {
        const { enqueued } = await store.turn({ ...NO_WORK, now: clock.now(), enqueues: [one.job] })
        acknowledge(one, enqueued[0]!)
      } catch (error) {
        one.reject(error)
      }
      await new Promise<void>((resolve) => clock.soon(resolve))
    }
  }
}
