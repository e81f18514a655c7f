import { enqueuedEvent, jobRef, type Events } from '../events.ts'
import type { DeliveryRecord } from '../job/delivery.ts'
import { HelveError } from '../job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { Pause } from '../job/pause.ts'
import { failed, unhandled } from '../job/outcome.ts'
import type { Admission, Queue, Settle, Store, TurnResult } from '../store/store.ts'
import { admissions, admitOne, mostSlots, type Lanes } from './admission.ts'
import { announce } from './announce.ts'
import type { Clock } from './clock.ts'
import { Mailbox, type Ending, type Mail, type Submission } from './mailbox.ts'
import { Drained } from './drained.ts'
import { explain, rivals, type Explanation } from './explain.ts'
import { FailedTurns } from './failed-turns.ts'
import { LastChance } from './last-chance.ts'
import { settlement, termsOf } from './settle.ts'
import { Throughput } from './throughput.ts'
import { WakeTimer } from './timer.ts'
import { TurnSize } from './turn-size.ts'

/** What the coordinator works with. */
export interface CoordinatorParts {
  store: Store
  lanes: Lanes
  events: Events
  clock: Clock
  /** Gives a number in [0, 1): jitter. */
  random: () => number
  /** Milliseconds between two looks at an idle queue. */
  idle: number
}

/**
 * The actor that owns the queue. Everything that happens is put into its mailbox; it takes one
 * turn at a time, and what a turn means for anybody else follows its commit.
 */
export class Coordinator {
  readonly #parts: CoordinatorParts
  readonly #timer: WakeTimer
  readonly #mailbox = new Mailbox()
  readonly #size = new TurnSize()
  readonly #throughput = new Throughput()
  /** By id. */
  readonly #running = new Map<number, { job: ClaimedJob; since: number }>()
  /** By id: the `runOnce` calls that wait for their job's settling. */
  readonly #onces = new Map<number, (ran: boolean) => void>()
  /** By id: runs that somebody has cancelled. */
  readonly #cancelled = new Set<number>()
  readonly #waiting = new Set<{ isOver: () => boolean; resolve: () => void }>()
  readonly #lastChance = new LastChance()
  #phase: 'paused' | 'claiming' | 'closed' = 'paused'
  #scheduled = false
  #turning = false
  /** The latest turn's end. */
  #turned: Promise<void> | undefined
  /**
   * Whether due jobs wait. Producers are then let in at half the pace, so that the backlog gets
   * shorter: a job that can start as it is written costs half of one that has to wait.
   */
  #behind = false
  readonly #failedTurns: FailedTurns
  readonly #drained: Drained
  /** Runs that have ended: put back since they were interrupted, and otherwise. */
  readonly #ends = { released: 0, completed: 0 }

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
    this.#failedTurns = new FailedTurns({
      ...parts,
      mailbox: this.#mailbox,
      acknowledge: (submission, result) => this.#acknowledge(submission, result),
      onRetry: () => this.#schedule(),
    })
    this.#drained = new Drained(parts)
    this.#timer = new WakeTimer(parts.clock, parts.idle, () => this.wake())
  }

  /** Resolves after the commit. */
  enqueue(job: NewJob): Promise<EnqueueResult> {
    return new Promise((resolve, reject) => this.#submit(job, resolve, reject))
  }

  /** Resolves after the last commit, to what became of each: an error where it was refused. */
  enqueueAll(jobs: NewJob[]): Promise<unknown[]> {
    return new Promise((resolve) => {
      const results: unknown[] = Array.from({ length: jobs.length })
      let left = jobs.length
      if (left === 0) resolve(results)
      jobs.forEach((job, i) => {
        const become = (result: unknown): void => {
          results[i] = result
          left -= 1
          if (left === 0) resolve(results)
        }
        this.#submit(job, become, become)
      })
    })
  }

  /** Every run ends here, whatever became of it. */
  settled(job: ClaimedJob, outcome: Outcome): void {
    this.#mailbox.end({ job, outcome })
    this.#schedule()
  }

  /**
   * Cancels a job: a queued one is dead at once, a running one is told to end, and is dead then
   * unless it completes. False when there is no such job, or it runs elsewhere.
   */
  async cancel(id: number): Promise<boolean> {
    const { store, clock, events, lanes } = this.#parts
    // What it has claimed is known as running once it is over.
    await this.#turned
    const run = this.#running.get(id)
    const cancelled = await store.cancel(id, clock.now(), run?.job.token)
    if (cancelled === undefined) return false
    if (cancelled !== 'running') {
      events.emit('cancelled', () => ({ job: jobRef(cancelled) }))
      return true
    }
    this.#cancelled.add(id)
    // Its kind may have been given another lane since.
    for (const pool of lanes.pools.values()) pool.end(run!.job)
    return true
  }

  /** Why a job does not run now; undefined when there is none with this id. */
  async explain(id: number): Promise<Explanation | undefined> {
    const { store, lanes, clock } = this.#parts
    const now = clock.now()
    const standing = await store.standing(id, now, (job, backlog) => rivals(job, backlog, lanes))
    if (standing === undefined) return undefined
    return explain(standing, {
      lanes,
      now,
      isClaiming: this.#phase === 'claiming',
      isStalled: [...lanes.pools.values()].some((pool) => pool.isStalled(id)),
      pace: (lane) => this.#throughput.of(lane, now),
    })
  }

  /** There may be something to claim. */
  wake(): void {
    if (this.#phase === 'claiming') this.#schedule()
  }

  /** Goes on claiming until {@link pause}. */
  claim(): void {
    if (this.#phase === 'closed') throw closed()
    this.#phase = 'claiming'
    this.#schedule()
  }

  /** Claims no more; what runs goes on. */
  pause(): void {
    if (this.#phase === 'claiming') this.#phase = 'paused'
    this.#timer.disarm()
  }

  /** Claims one job, and resolves when it is settled; false when nothing was runnable. */
  once(): Promise<boolean> {
    if (this.#phase === 'closed') return Promise.reject(closed())
    this.#schedule()
    return this.#mailbox.once()
  }

  /** Runs that go on, and those that have ended so far. */
  get tally(): { running: number; released: number; completed: number } {
    return { running: this.#running.size, ...this.#ends }
  }

  /** Resolves as soon as nothing runs and the mailbox is empty. */
  quiet(): Promise<void> {
    return this.#wait(() => this.#isQuiet)
  }

  /** The same; or nothing runs, and the store has failed once more to settle what has run. */
  ended(): Promise<void> {
    const { failures } = this.#failedTurns
    const hasFailed = (): boolean => this.#failedTurns.failures > failures
    return this.#wait(() => this.#isQuiet || (hasFailed() && this.#hasEnded))
  }

  /** No more turns: what is still waiting is refused. */
  close(): void {
    this.pause()
    this.#phase = 'closed'
    this.#failedTurns.close()
    this.#mailbox.refuse(closed())
  }

  #submit(job: NewJob, resolve: Submission['resolve'], reject: Submission['reject']): void {
    if (this.#phase === 'closed') return reject(closed())
    this.#mailbox.submit({ job, since: this.#parts.clock.monotonic(), resolve, reject })
    this.#schedule()
  }

  get #isQuiet(): boolean {
    return this.#running.size === 0 && this.#mailbox.isEmpty && !this.#turning
  }

  #lookDrained(): void {
    const isIdle = (): boolean => this.#phase === 'claiming' && this.#isQuiet
    if (isIdle()) void this.#drained.idle(isIdle)
  }

  get #hasEnded(): boolean {
    return this.#mailbox.endings >= this.#running.size && !this.#turning
  }

  #wait(isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add({ isOver, resolve })
      this.#tellWaiting()
    })
  }

  #tellWaiting(): void {
    for (const one of this.#waiting) {
      if (!one.isOver()) continue
      this.#waiting.delete(one)
      one.resolve()
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#turning || this.#failedTurns.isWaiting) return
    this.#scheduled = true
    this.#parts.clock.soon(() => {
      this.#scheduled = false
      if (this.#phase !== 'closed') this.#turned = this.#turn()
    })
  }

  async #turn(): Promise<void> {
    this.#turning = true
    const { clock } = this.#parts
    const mail = this.#mailbox.take(this.#size.rows, this.#behind)
    const now = clock.now()
    const start = clock.monotonic()
    const endings = mail.endings.map((ending) => this.#unlessCancelled(ending))
    const settles = endings.map((ending) => this.#decide(ending, now))
    const enqueues = mail.submissions.map(({ job }) => job)
    const admit = (backlog: Queue[], pauses: readonly Pause[]): Admission[] =>
      this.#admit(backlog, pauses, mail.once !== undefined)
    let result: TurnResult | undefined
    try {
      result = await this.#parts.store.turn({ now, settles, enqueues, admit })
    } catch (error) {
      await this.#failedTurns.failed(error, mail)
      if (this.#phase !== 'closed') this.#failedTurns.retryLater()
    }
    if (result !== undefined) this.#effects({ ...mail, endings }, settles, result, now)
    if (result !== undefined) this.#size.learn(clock.monotonic() - start)
    this.#turning = false
    if (!this.#mailbox.isEmpty || result?.more) this.#schedule()
    // A turn for one claims nothing else.
    if (mail.once) this.wake()
    if (this.#phase === 'closed') this.#mailbox.refuse(closed())
    this.#tellWaiting()
    if (result && !result.more && !result.behind) this.#lookDrained()
  }

  /** What is done is done; anything else that becomes of a cancelled run is its end. */
  #unlessCancelled(ending: Ending): Ending {
    const { job, outcome } = ending
    if (outcome.type === 'completed' || !this.#cancelled.has(job.id)) return ending
    const own = this.#running.get(job.id)?.job.token === job.token
    const deliveries = 'deliveries' in outcome ? outcome.deliveries : []
    return own ? { job, outcome: { type: 'cancelled', deliveries } } : ending
  }

  #decide({ job, outcome }: Ending, now: number): Settle {
    const { lanes, random } = this.#parts
    return {
      job,
      settlement: settlement(outcome, job, lanes.policy(job.kind), now, random),
      followUps: 'followUps' in outcome ? outcome.followUps : [],
      deliveries: 'deliveries' in outcome ? outcome.deliveries : [],
    }
  }

  #admit(backlog: Queue[], pauses: readonly Pause[], once: boolean): Admission[] {
    if (once) return admitOne(backlog, pauses, this.#parts.lanes)
    if (this.#phase !== 'claiming') return []
    return admissions(backlog, pauses, this.#parts.lanes, this.#size.rows)
  }

  /** The turn is on disk: only now does anybody hear of it. */
  #effects(mail: Mail, settles: Settle[], result: TurnResult, now: number): void {
    this.#failedTurns.succeeded()
    this.#behind = result.behind
    mail.submissions.forEach((one, i) => this.#acknowledge(one, result.enqueued[i]!))
    mail.endings.forEach((one, i) => this.#conclude(one, settles[i]!, result.settled[i], now))
    if (mail.once) this.#claimedOnce(mail.once, result)
    this.#lastChance.beginTurn(result.claimed, now)
    for (const job of result.claimed) this.#handOff(job, now)
    if (this.#phase === 'claiming') this.#timer.arm(result.nextDue)
  }

  #acknowledge({ job, resolve, reject }: Submission, result: EnqueueResult | HelveError): void {
    if (result instanceof HelveError) return reject(result)
    resolve(result)
    if (!this.#parts.events.heard('enqueued')) return
    this.#parts.events.emit('enqueued', () => enqueuedEvent(job, result))
  }

  #conclude(ending: Ending, settle: Settle, settled: TurnResult['settled'][number], now: number) {
    const { id } = ending.job
    // Both or neither: a run whose follow-up is refused has failed.
    if (settled?.refused) {
      return this.settled(ending.job, failed(settled.refused, kept(settle, settled.refused)))
    }
    if (!settled) this.#parts.events.emit('stale', () => ({ job: jobRef(ending.job) }))
    const run = this.#running.get(id)
    // An ending that is late says nothing about the run that the job has now.
    if (run !== undefined && run.job.token !== ending.job.token) return
    const since = run?.since ?? now
    const durationMs = Math.max(0, now - since)
    const queuedMs = Math.max(0, since - ending.job.runAt)
    this.#running.delete(id)
    this.#throughput.count(this.#parts.lanes.of(ending.job.kind) ?? '', now)
    this.#cancelled.delete(id)
    this.#lastChance.free(id)
    if (settled) this.#ends[ending.outcome.type === 'released' ? 'released' : 'completed'] += 1
    const { job, outcome } = ending
    const took = { durationMs, queuedMs }
    if (settled) announce(this.#parts.events, { job, outcome, settle, settled, now, ...took })
    if (this.#onces.size === 0) return
    this.#onces.get(id)?.(true)
    this.#onces.delete(id)
  }

  #claimedOnce(once: (ran: boolean) => void, { claimed: [job], more }: TurnResult): void {
    if (job !== undefined) this.#onces.set(job.id, once)
    else if (more) this.#mailbox.putBack({ endings: [], submissions: [], once })
    else once(false)
  }

  #handOff(job: ClaimedJob, now: number): void {
    const { lanes, events } = this.#parts
    this.#running.set(job.id, { job, since: now })
    this.#drained.claimed()
    if (events.heard('started')) {
      const queuedMs = Math.max(0, now - job.runAt)
      events.emit('started', () => ({ job: jobRef(job), queuedMs }))
    }
    const putOff = this.#lastChance.take(job, now)
    if (putOff !== undefined) return this.settled(job, putOff)
    const pool = lanes.pools.get(lanes.of(job.kind) ?? '')
    if (pool === undefined) this.settled(job, unhandled(job.kind))
    else pool.start(job, termsOf(job, lanes.policy(job.kind), mostSlots(job.kind, lanes)))
  }
}

/** The records of what was sent, unless they are what the store refused. */
function kept({ deliveries }: Settle, refused: HelveError): DeliveryRecord[] {
  return refused.code === 'HELVE_ERR_DEDUPE_KEY' ? deliveries : []
}

export function closed(): HelveError {
  return new HelveError('HELVE_ERR_CLOSED', 'runtime: expected one that runs, got a stopped one')
}
