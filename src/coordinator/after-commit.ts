import { AcceptedSubmission, NamedJob } from '../event-data.ts'
import type { Events } from '../events.ts'
import type { DeliveryRecord, WebhookChange } from '../job/delivery.ts'
import { HelveError } from '../job/errors.ts'
import { toJobError } from '../job/failure.ts'
import type { ClaimedJob, EnqueueResult } from '../job/job.ts'
import { failed, unhandled, type Outcome } from '../job/outcome.ts'
import type { Command, CommandResult } from '../store/command.ts'
import type { Settle, TurnResult } from '../store/turn.ts'
import { mostSlots, type Lanes } from './admission.ts'
import { announce } from './announce.ts'
import { inWallTime } from './breakers.ts'
import type { Clock } from './clock.ts'
import type { Endpoints } from './endpoints.ts'
import {
  NO_MAIL,
  type Ending,
  type Mail,
  type Mailbox,
  type Order,
  type Submission,
} from './mailbox.ts'
import type { Runs } from './runs.ts'
import { termsOf } from './settle.ts'
import type { Throughput } from './throughput.ts'

/** Milliseconds before a job that could not be handed to its lane may be claimed again. */
const UNHANDED_DELAY = 1_000

interface Parts {
  lanes: Lanes
  events: Events
  clock: Clock
  mailbox: Mailbox
  runs: Runs
  endpoints: Endpoints
  throughput: Throughput
  /** Puts the end of a run into the mailbox. */
  settled: (job: ClaimedJob, outcome: Outcome, took?: number) => void
  /** Reports a mistake of the host that has stopped nothing. */
  mistake: (error: unknown, during: string) => void
}

/**
 * Does what follows the commit of a turn: nobody hears of a turn before its commit. Nothing here
 * can undo the turn, or stop it.
 */
export class AfterCommit {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Answers the mail of a turn, and hands the jobs that the turn has claimed to their lanes.
   *
   * @param now the moment of the turn
   */
  follow(mail: Mail, settles: Settle[], result: TurnResult, now: number): void {
    const { mailbox, runs } = this.#parts
    this.#each(mail.submissions, (one, i) => this.acknowledge(one, result.enqueued[i]!))
    this.#each(mail.endings, (one, i) => this.#conclude(one, settles[i]!, result.settled[i], now))
    this.#each(mail.orders, (one, i) => this.#answer(one, result.commanded[i]))
    const left = mail.orders.filter((_, i) => result.commanded[i] === undefined)
    if (left.length > 0) mailbox.putBack({ ...NO_MAIL, orders: left })
    if (mail.endings.length > 0) mailbox.releaseOnces()
    for (const job of result.claimed) runs.begin(job, now)
    if (mail.once) this.#answerOnce(mail.once, result)
    this.#each(result.claimed, (job) => this.#handOff(job, now))
  }

  /** Answers the producer of a submission. */
  acknowledge({ job, resolve, reject }: Submission, result: EnqueueResult | HelveError): void {
    if (result instanceof HelveError) return reject(result)
    resolve(result)
    if (!this.#parts.events.heard('enqueued')) return
    this.#parts.events.emit('enqueued', () => new AcceptedSubmission(job, result))
  }

  /** Calls `body` for each item. An error at one item is reported, and skips no other item. */
  #each<T>(items: readonly T[], body: (item: T, i: number) => void): void {
    for (let i = 0; i < items.length; i += 1) {
      try {
        body(items[i]!, i)
      } catch (error) {
        this.#parts.mistake(error, 'what follows a turn, which has been written')
      }
    }
  }

  #conclude(ending: Ending, settle: Settle, settled: TurnResult['settled'][number], now: number) {
    const { job, outcome, took } = ending
    const { events, lanes, clock, runs, endpoints, throughput } = this.#parts
    // A settle is written whole or not at all: a run with a refused follow-up or record has failed.
    if (settled?.refused) {
      const { refused } = settled
      const failure = {
        ...failed(refused, clock.wallOf(now), kept(settle, refused)),
        trip: 'trip' in outcome ? outcome.trip : undefined,
      }
      return this.#parts.settled(job, failure, took)
    }
    if (!settled) events.emit('stale', () => ({ job: new NamedJob(job) }))
    // An ending that is late says nothing about the run that the job has now.
    if (runs.isAnother(job)) return
    const run = runs.end(job)
    if (run?.endpoint) endpoints.leave(run)
    const since = run?.since ?? now
    const durationMs = took ?? Math.max(0, now - since)
    const queuedMs = queuedFor(job, since)
    throughput.count(lanes.of(job.kind) ?? '', now)
    run?.once?.(true)
    if (!settled) return
    runs.count(outcome)
    announce(events, { job, outcome, settle, settled, now, clock, durationMs, queuedMs })
    if (!settled.setAside) this.#tellBreakers(settle, now)
    settled.webhooks?.forEach((change) => this.#tellWebhook(change))
  }

  #tellWebhook({ id, disabledReason: reason }: WebhookChange): void {
    const { events } = this.#parts
    if (reason === null) events.emit('webhook:enabled', () => ({ id }))
    else events.emit('webhook:disabled', () => ({ id, reason }))
  }

  #tellBreakers({ job: { kind }, breakers }: Settle, now: number): void {
    const { events, clock } = this.#parts
    for (const { group, breaker } of breakers) {
      if (breaker === null) events.emit('breaker:closed', () => ({ kind, group }))
      else if (breaker.until > now) {
        events.emit('breaker:open', () => ({ breaker: inWallTime(breaker, clock) }))
      }
    }
  }

  #answer({ command, resolve, reject }: Order, result: TurnResult['commanded'][number]): void {
    if (result === undefined) return
    if (result instanceof HelveError) return reject(result)
    resolve(result)
    if (result !== false) this.#executed(command, result)
  }

  #executed(command: Command, result: CommandResult): void {
    const { events } = this.#parts
    if (command.type === 'cancel' && result === 'running') this.#end(command.id)
    else if (command.type === 'cancel')
      events.emit('cancelled', () => ({ job: new NamedJob(result as ClaimedJob) }))
    else if (command.type === 'pause') {
      const { target, by } = command
      events.emit('paused', () => ({ target, by }))
    } else if (command.type === 'closeBreaker') {
      const { kind, group } = command
      events.emit('breaker:closed', () => ({ kind, group }))
    } else if (command.type === 'resume') {
      events.emit('resumed', () => ({ target: command.target }))
    }
  }

  /** Ends the run of a job that somebody has cancelled. */
  #end(id: number): void {
    const run = this.#parts.runs.of(id)
    if (run === undefined) return
    run.isCancelled = true
    // The kind may have been given another lane since the job was claimed.
    for (const pool of this.#parts.lanes.pools.values()) pool.end(run.job)
  }

  #answerOnce(once: (ran: boolean) => void, { claimed: [job], more, behind }: TurnResult): void {
    const { mailbox, runs } = this.#parts
    if (job !== undefined) runs.of(job.id)!.once = once
    else if (more) mailbox.putBack({ ...NO_MAIL, once })
    else if (behind && (runs.size > 0 || this.#isStarting)) mailbox.hold(once)
    else once(false)
  }

  /** Whether a thread of a lane is being started: the lane tells when the thread is up, or has failed. */
  get #isStarting(): boolean {
    return [...this.#parts.lanes.pools.values()].some(({ isStarting }) => isStarting)
  }

  #handOff(job: ClaimedJob, now: number): void {
    const { lanes, events, settled } = this.#parts
    if (events.heard('started')) {
      const queuedMs = queuedFor(job, now)
      events.emit('started', () => ({ job: new NamedJob(job), queuedMs }))
    }
    try {
      const pool = lanes.pools.get(lanes.of(job.kind) ?? '')
      if (pool === undefined) settled(job, unhandled(job.kind))
      else pool.start(job, termsOf(job, lanes.policy(job.kind), mostSlots(job.kind, lanes)))
    } catch (error) {
      const reason = `it could not be handed to its lane: ${toJobError(error).message}`
      settled(job, { type: 'released', reason, delay: UNHANDED_DELAY })
    }
  }
}

/** Milliseconds for which a job had been due when it was claimed. */
function queuedFor({ runAt }: ClaimedJob, claimedAt: number): number {
  return Math.max(0, claimedAt - runAt)
}

/**
 * The delivery records to keep after a refusal: none if the store refused the records themselves.
 */
function kept({ deliveries }: Settle, refused: HelveError): DeliveryRecord[] {
  return refused.code === 'HELVE_ERR_DEDUPE_KEY' ? deliveries : []
}
