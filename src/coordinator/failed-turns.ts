import type { Events } from '../events.ts'
import { HelveError } from '../job/errors.ts'
import type { EnqueueResult } from '../job/job.ts'
import { isUpkeep } from '../store/command.ts'
import { MAX_BUSY_TIME } from '../job/limits.ts'
import type { QueueStore } from '../store/store.ts'
import { NO_WORK } from '../store/turn.ts'
import type { Clock } from './clock.ts'
import type { Mail, Mailbox, Order, Submission } from './mailbox.ts'

/** Milliseconds before a failed turn is tried again: they double from the first to the longest. */
const FIRST_RETRY = 10
const LONGEST_RETRY = 1_000

interface Parts {
  store: Pick<QueueStore, 'turn'>
  events: Events
  clock: Clock
  mailbox: Mailbox
  acknowledge: (submission: Submission, result: EnqueueResult | HelveError) => void
  /** Called when it is time for the next try. */
  onRetry: () => void
}

/** Decides what becomes of the mail of a turn when the store could write nothing of the turn. */
export class FailedTurns {
  readonly #parts: Parts
  /** Failed turns in a row, and the error of the latest one. */
  #failures = 0
  #error: unknown
  /** Cancels the next try. */
  #retry: (() => void) | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether the next try is still to come; there is no turn before it. */
  get isWaiting(): boolean {
    return this.#retry !== undefined
  }

  /** Failed turns in a row. */
  get failures(): number {
    return this.#failures
  }

  succeeded(): void {
    this.#failures = 0
    this.#error = undefined
  }

  /**
   * Puts endings back until they can be written; nothing is claimed meanwhile. Puts back the upkeep
   * of the queue as well, since nobody would ask for it again.
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

  /** Stops the tries. A job without a settle stays `running`, and the next owner runs it again. */
  close(): void {
    this.#retry?.()
    const [error, { endings }] = [this.#error, this.#parts.mailbox]
    if (error === undefined || endings === 0) return
    const during = `stopping: the ends of ${endings} runs could not be written, and those run again`
    this.#parts.events.emit('error', () => ({ error, during }))
  }

  /** Rejects mail that has waited too long for another process's write lock; returns the rest. */
  #stillWaiting<T extends Order | Submission>(mail: T[], error: HelveError): T[] {
    const oldest = this.#parts.clock.monotonic() - MAX_BUSY_TIME
    for (const { since, reject } of mail) if (since < oldest) reject(error)
    return mail.filter(({ since }) => since >= oldest)
  }

  /** Writes submissions one by one: one that cannot be written does not stop the others. */
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
