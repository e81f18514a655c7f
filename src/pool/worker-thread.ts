import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { SpawnGuard } from '../thread/guard.ts'
import {
  CLOSE,
  COMPLETED,
  type Batch,
  type Report,
  type ThreadMessage,
} from '../thread/protocol.ts'
import type { HandOff } from './hand-off.ts'
import { Heartbeat } from './heartbeat.ts'
import { LateReports } from './late-reports.ts'
import { MOST_JOBS } from './run-time-estimates.ts'
import type { Packed } from './packing.ts'
import { Termination } from './termination.ts'
import { ThreadGone, SupervisedThread } from './supervised-thread.ts'
import type { ThreadListener } from './thread-listener.ts'
import type { ThreadOptions } from './thread-options.ts'
import type { ThreadRun } from './thread-run.ts'
import { ThreadSlots } from './thread-slots.ts'
import { within } from './within.ts'

/** For a run that its thread, which lives on, says nothing about. */
const NO_OUTCOME = new ThreadGone('the thread gave no outcome', undefined)
/** Milliseconds that the handlers' `close` may take, and then the exit of the thread. */
const CLOSE_TIMEOUT = 2_000
/** Milliseconds after which the jobs that a hand-off has not started are wanted elsewhere. */
export const OVERDUE = 6
/** Runs after which a thread has loaded and compiled what it needs. */
const COLD_RUNS = 5
/** What a thread may have of short jobs at a time, in full hand-offs. */
const AHEAD = 2

/** A thread of a lane, and the jobs that have been handed to it. */
export class WorkerThread {
  readonly #options: ThreadOptions
  readonly #listener: ThreadListener
  readonly #slots: ThreadSlots
  readonly #last = new LateReports()
  #batches = 0
  /** What its hand-offs cost together. */
  #load = 0
  /** Kinds that it died of: its slot stays theirs until it is replaced, or they took the next one. */
  readonly #ruinedBy = new Set<string>()
  /** When it got to its newest hand-off, on the monotonic clock. */
  #since = 0
  /** Runs that have ended since the thread is up. */
  #ended = 0
  /** The latest of them to report its end: what it has left behind may end the thread. */
  #latest: ClaimedJob | undefined
  readonly #heartbeat: Heartbeat | undefined
  readonly #thread: SupervisedThread
  readonly #termination: Termination
  #closed: Promise<boolean> | undefined

  constructor(options: ThreadOptions, listener: ThreadListener) {
    // Where hand-offs run side by side, each is one job.
    const serial = options.concurrency === 1
    const slots = serial ? (AHEAD + 1) * MOST_JOBS : options.concurrency
    this.#options = options
    this.#listener = listener
    this.#slots = new ThreadSlots(slots)
    const { handlers, config, logLevel } = options
    const { flags, starts } = this.#slots.shared
    if (!serial) {
      this.#heartbeat = new Heartbeat(
        () => this.hasWaiting,
        () => this.#ended < COLD_RUNS,
      )
    }
    const pulse = this.#heartbeat?.pulse
    const guard = new SpawnGuard()
    const spawnGuard = guard.words
    const data = { handlers, config, logLevel, flags, starts, serial, pulse, spawnGuard }
    this.#thread = new SupervisedThread(options, data, {
      message: (message) => listener.message(this, message),
      up: () => {
        this.#ruinedBy.clear()
        this.#ended = 0
        this.#latest = undefined
        this.#heartbeat?.reset()
        listener.up(this)
      },
      down: (id, reason) => {
        guard.reset()
        listener.down(id, reason)
      },
    })
    this.#termination = new Termination(this.#thread, flags, guard, (job, reason) =>
      listener.stuck(job, reason),
    )
  }

  /** Its `threadId`, or that of the last one while there is none. */
  get id(): number {
    return this.#thread.id
  }

  /** Why it has no thread; undefined while it has one, or the first is being set up. */
  get problem(): string | undefined {
    return this.#thread.problem
  }

  /** Resolves once it has a thread, or could not be given one. */
  ready(): Promise<void> {
    return this.#thread.ready()
  }

  /** Hand-offs that it has. */
  get batches(): number {
    return this.#batches
  }

  /** Hand-offs that it could start at once. */
  get free(): number {
    if (!this.#isOpen || this.isStalled) return 0
    return Math.max(0, this.#options.concurrency - this.#batches)
  }

  /** The room behind short hand-offs that it is at: they are soon over. */
  get roomBehind(): number {
    const serial = this.#options.concurrency === 1
    if (!serial || !this.#isOpen || this.#batches === 0 || this.isHeldUp) return 0
    return Math.max(0, AHEAD - this.#load)
  }

  get #isOpen(): boolean {
    return this.#thread.isUp && this.#closed === undefined
  }

  /** Kinds of the jobs that it has, and those that it died of. */
  get kinds(): ReadonlySet<string> {
    return new Set([...this.#slots.kinds, ...this.#ruinedBy])
  }

  /** What a kind holds of it: jobs that are not over, and one place if it has ruined the thread. */
  held(kind: string): number {
    return this.#slots.jobs(kind) + (this.#ruinedBy.has(kind) ? 1 : 0)
  }

  /** Whether it has jobs that it has not started. */
  get hasWaiting(): boolean {
    return this.#slots.find((run) => run.startedAt() === 0) !== undefined
  }

  /** Whether it has jobs that have not ended. */
  get hasRuns(): boolean {
    return this.#slots.find(() => true) !== undefined
  }

  /** Whether a hand-off takes longer than it should have, and is at work. */
  get isHeldUp(): boolean {
    if (this.#batches === 0 || performance.now() - this.#since < OVERDUE) return false
    return this.#slots.find((run) => run.startedAt() > 0) !== undefined
  }

  /** Whether its event loop is held, so that none of its jobs gets on. */
  get isStalled(): boolean {
    return this.#heartbeat?.isStalled ?? false
  }

  /** Looks whether its event loop turns. False when it has no jobs. */
  look(): boolean {
    const change = this.#thread.isUp ? this.#heartbeat?.look() : undefined
    if (change?.isStalled) this.#listener.stalled(this, this.#holder, change.heldMs)
    else if (change) this.#listener.resumed(this, change.heldMs)
    return this.#batches > 0
  }

  get #holder(): ClaimedJob | undefined {
    return this.#heartbeat && this.#slots.at(this.#heartbeat.holder)?.job
  }

  /** Hands jobs over, which it runs one after the other. */
  start({ handOffs, cost }: Packed): void {
    const runs = handOffs.map((handOff) => {
      const run = this.#slots.take(handOff)
      this.#termination.watch(run)
      return run
    })
    if (this.#batches === 0) this.#since = performance.now()
    this.#batches += 1
    if (this.#heartbeat) this.#listener.busy(this)
    this.#load += cost
    void this.#run(runs, cost)
  }

  /** Kinds of the jobs that it is at, and those that it died of. */
  get kindsAtWork(): ReadonlySet<string> {
    const atWork = this.#slots.all().filter((run) => run.startedAt() > 0)
    return new Set([...atWork.map(({ job }) => job.kind), ...this.#ruinedBy])
  }

  /** Takes back the jobs that it has not started, of those that are wanted. */
  revoke(wanted: (run: HandOff) => boolean = () => true): HandOff[] {
    const taken = this.#slots.all().filter((run) => wanted(run) && run.revoke())
    for (const run of taken) this.#over(run)
    return taken
  }

  /** The job that a message of its handler speaks of, if this thread really runs it. */
  find(id: unknown): ClaimedJob | undefined {
    return this.#slots.find(({ job }) => job.id === id)?.job
  }

  /** Settles those of its runs that these are about; others are forged, or late. */
  report(reports: Report[], last = false): void {
    const own = reports.filter(({ slot, token }) => this.#slots.has(slot, token))
    if (last) this.#last.add(own)
    else this.#settleAll(own)
  }

  /** Takes note of a process that one of its runs has started, or that has exited. */
  child({ slot, token, pid, alive }: Extract<ThreadMessage, { helve: 'child' }>): void {
    const run = this.#slots.live(slot, token)
    if (run) this.#termination.child(run, pid, alive)
  }

  #settleAll(reports: Report[]): void {
    for (const { slot, token, outcome, took } of reports) {
      const run = this.#slots.live(slot, token)
      if (run) this.#settle(run, run.ended(outcome ?? COMPLETED), took)
    }
  }

  /** Ends one run. False when it has no such run; what it has not started is taken back. */
  end({ id, token }: ClaimedJob): boolean {
    const run = this.#slots.find(({ job }) => job.id === id && job.token === token)
    if (run === undefined) return false
    if (run.revoke()) {
      this.#settle(run, { type: 'released', reason: 'it was told to end' }, undefined)
    } else this.#termination.end(run, 'interrupt')
    return true
  }

  /**
   * Ends what it runs: by the signal, and after each run's grace by killing the thread.
   *
   * @param isLast whether no other thread is to follow this one
   */
  interrupt(isLast: boolean): void {
    if (isLast) this.#thread.isLast = true
    for (const run of this.#slots.all()) this.#termination.end(run, 'interrupt')
  }

  /** Lets the handlers close, and ends the thread; resolves to whether it has exited. */
  close(): Promise<boolean> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<boolean> {
    this.#termination.close()
    if (this.#thread.isUp) {
      const closed = this.#thread.run(CLOSE).catch((error: unknown) => error)
      await within(CLOSE_TIMEOUT, closed)
    }
    return within(CLOSE_TIMEOUT, this.#thread.close())
  }

  async #run(runs: ThreadRun[], cost: number): Promise<void> {
    const batch: Batch = runs.map((run) => run.task())
    let gone = NO_OUTCOME
    try {
      this.#settleAll((await this.#thread.run(batch)) as Report[])
      this.#settleAll(await this.#last.take(runs))
    } catch (error) {
      gone = error as ThreadGone
    }
    // With its last job a thread may end that nobody would look at any more.
    if (this.isStalled) this.look()
    const returned: HandOff[] = []
    for (const run of runs) {
      this.#slots.free(run)
      if (run.isOver) continue
      if (run.revoke()) {
        this.#over(run)
        returned.push(run)
      } else this.#bury(run, gone)
    }
    this.#batches -= 1
    this.#load = this.#batches === 0 ? 0 : this.#load - cost
    this.#since = performance.now()
    if (returned.length > 0) this.#listener.returned(returned)
    this.#listener.freed(this)
  }

  /** Its thread could not end what it had started. */
  #bury(run: ThreadRun, { message, killedFor }: ThreadGone): void {
    this.#termination.bury(run)
    const outcome = run.died(this.#suspicion(message), killedFor)
    const guilty = outcome.type === 'lost' || outcome.type === 'timedOut'
    if (guilty && !this.#thread.isUp) this.#ruinedBy.add(run.job.kind)
    this.#settle(run, outcome, undefined)
  }

  /** Not only the jobs that a thread has can end it. */
  #suspicion(reason: string): string {
    if (this.#latest === undefined) return reason
    const { id, kind } = this.#latest
    return `${reason}; job ${id} of kind ${kind} had run on it before`
  }

  /** Nothing that comes later is about this run. */
  #over(run: ThreadRun): void {
    this.#termination.forget(run)
    this.#slots.over(run)
  }

  #settle(run: ThreadRun, outcome: Outcome, took: number | undefined): void {
    this.#over(run)
    this.#ended += 1
    if (took !== undefined) this.#latest = run.job
    this.#listener.settled(run.job, outcome, took)
  }
}
