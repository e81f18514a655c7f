import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { Credit } from '../thread/credit.ts'
import { SpawnGuard } from '../thread/guard.ts'
import {
  CLOSE,
  COMPLETED,
  type Batch,
  type Report,
  type ThreadMessage,
} from '../thread/protocol.ts'
import type { Pulse } from '../thread/pulse.ts'
import type { HandOff } from './hand-off.ts'
import { HEAPS_ARE_KNOWN, HeapLimit } from './heap-limit.ts'
import { lateReports } from './late-reports.ts'
import { reportsOf } from './reports.ts'
import { SupervisedThread, ThreadSilent, type ThreadGone } from './supervised-thread.ts'
import { Termination } from './termination.ts'
import type { ThreadListener } from './thread-listener.ts'
import type { ThreadOptions } from './thread-options.ts'
import type { ThreadRun } from './thread-run.ts'
import { ThreadSlots } from './thread-slots.ts'
import { within } from './within.ts'

/** Milliseconds that the handlers' `close` may take, and then the exit of the thread. */
const CLOSE_TIMEOUT = 2_000

/** What tells the threads of the two sorts of lanes apart. */
interface Sort {
  /** Jobs that it may be given at a time. */
  slots: number
  /** Whether it runs one batch after the other. */
  serial: boolean
  /** Of a thread whose batches run side by side. */
  pulse: Pulse | undefined
}

/** A thread of a lane, and the jobs that have been handed to it. */
export abstract class WorkerThread {
  protected readonly listener: ThreadListener
  protected readonly slots: ThreadSlots
  readonly #credit = new Credit()
  #batches = 0
  /** Kinds that it died of: its slot stays theirs until it is replaced. */
  readonly #ruinedBy = new Set<string>()
  /** Runs that have ended since the thread is up. */
  #ended = 0
  /** The latest of them to report its end: what it has left behind may end the thread. */
  #latest: ClaimedJob | undefined
  readonly #thread: SupervisedThread
  readonly #termination: Termination
  readonly #heapLimit: HeapLimit
  #looksAtHeap = false
  #closed: Promise<boolean> | undefined

  constructor(options: ThreadOptions, listener: ThreadListener, sort: Sort) {
    const { slots, serial, pulse } = sort
    this.listener = listener
    this.slots = new ThreadSlots(slots)
    this.#heapLimit = new HeapLimit(options.memory)
    const { handlers, config, logLevel } = options
    const { flags, starts } = this.slots.shared
    const guard = new SpawnGuard()
    const spawnGuard = guard.words
    const credit = this.#credit.words
    const data = { handlers, config, logLevel, flags, starts, serial, pulse, spawnGuard, credit }
    this.#thread = new SupervisedThread(options, data, {
      message: (message) => listener.message(message),
      up: (kinds) => this.#up(kinds),
      down: (id, reason) => {
        guard.reset()
        this.#credit.reset()
        listener.down(id, reason)
      },
    })
    this.#termination = new Termination(this.#thread, flags, guard, (job, reason) =>
      listener.stuck(job, reason),
    )
  }

  /** Hand-offs that it could start at once. */
  abstract get free(): number

  /** Its `threadId`, or that of the last one while there is none. */
  get id(): number {
    return this.#thread.id
  }

  /** Why it has no thread; undefined while it has one, or the first is being set up. */
  get problem(): string | undefined {
    return this.#thread.problem
  }

  /** The error behind {@link problem}, if one is known. */
  get cause(): unknown {
    return this.#thread.cause
  }

  /** Resolves once it has a thread, or could not be given one. */
  ready(): Promise<void> {
    return this.#thread.ready()
  }

  /** Hand-offs that it has. */
  get batches(): number {
    return this.#batches
  }

  /** Whether it has a thread that takes hand-offs. */
  get isOpen(): boolean {
    return this.#thread.isUp && this.#closed === undefined
  }

  /** Whether another thread is about to take its place; not so where that cannot be set up. */
  get isBeingReplaced(): boolean {
    return !this.isOpen && this.#batches === 0 && this.problem === undefined
  }

  /** Whether it has a thread that is set up. */
  protected get isUp(): boolean {
    return this.#thread.isUp
  }

  /** Kinds of the jobs that it has, and those that it died of. */
  get kinds(): ReadonlySet<string> {
    return new Set([...this.slots.kinds, ...this.#ruinedBy])
  }

  /** Kinds of the jobs that it is at, and those that it died of. */
  get kindsAtWork(): ReadonlySet<string> {
    const atWork = this.slots.all().filter((run) => run.startedAt() > 0)
    return new Set([...atWork.map(({ job }) => job.kind), ...this.#ruinedBy])
  }

  /** What a kind holds of it: jobs that are not over, and one place if it has ruined the thread. */
  held(kind: string): number {
    return this.slots.jobs(kind) + (this.#ruinedBy.has(kind) ? 1 : 0)
  }

  /** Whether it has jobs that it has not started. */
  get hasWaiting(): boolean {
    return this.slots.find((run) => run.startedAt() === 0) !== undefined
  }

  /** Whether it has jobs that have not ended. */
  get hasRuns(): boolean {
    return this.slots.find(() => true) !== undefined
  }

  /** Runs that have ended since its thread is up. */
  protected get ended(): number {
    return this.#ended
  }

  /** Looks how it is, and ends a thread that is about to be out of memory. False without jobs. */
  look(): boolean {
    if (HEAPS_ARE_KNOWN && !this.#looksAtHeap) void this.#lookAtHeap()
    return this.#batches > 0
  }

  /** Takes back the jobs that it has not started, of those that are wanted. */
  revoke(wanted: (run: HandOff) => boolean = () => true): HandOff[] {
    const taken = this.slots.all().filter((run) => wanted(run) && run.revoke())
    for (const run of taken) this.#over(run)
    return taken
  }

  /** The job that a message of its handler speaks of, if this thread really runs it. */
  find(id: unknown): ClaimedJob | undefined {
    return this.slots.find(({ job }) => job.id === id)?.job
  }

  /** It may send so much more. */
  giveBack(units: number): void {
    this.#credit.giveBack(units)
  }

  /** Settles those of its runs that these are about; others are forged, or late. */
  report(reports: Report[], last = false): void {
    if (last) return this.#keep(reports)
    this.#settleAll(reports.filter(({ slot, token }) => this.slots.has(slot, token)))
  }

  /** Takes note of a process that one of its runs has started, or that has exited. */
  child({ slot, token, pid, alive }: Extract<ThreadMessage, { helve: 'child' }>): void {
    const run = this.slots.live(slot, token)
    if (run) this.#termination.child(run, pid, alive)
  }

  /** Ends one run. False when it has no such run; what it has not started is taken back. */
  end({ id, token }: ClaimedJob): boolean {
    const run = this.slots.find(({ job }) => job.id === id && job.token === token)
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
    for (const run of this.slots.all()) this.#termination.end(run, 'interrupt')
  }

  /** Lets the handlers close, and ends the thread; resolves to whether it has exited. */
  close(): Promise<boolean> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** A new thread has been set up. */
  protected started(): void {}

  /** Hands jobs over, which it runs one after the other; resolves once it has none of them. */
  protected async runBatch(handOffs: readonly HandOff[]): Promise<void> {
    this.#batches += 1
    const runs = handOffs.map((handOff) => this.slots.take(handOff))
    this.#termination.watch(runs)
    const gone = await this.#outcomes(runs)
    const returned: HandOff[] = []
    for (const run of runs) {
      this.slots.free(run)
      if (run.isOver) continue
      if (run.revoke()) {
        this.#over(run)
        returned.push(run)
      } else this.#bury(run, gone)
    }
    this.#batches -= 1
    if (returned.length > 0) this.listener.returned(returned)
  }

  /** Settles what has come to an end; resolves to why the others never will. */
  async #outcomes(runs: ThreadRun[]): Promise<ThreadGone> {
    const batch: Batch = runs.map((run) => run.task())
    const { id } = this
    try {
      this.#settleAll(reportsOf(await this.#thread.run(batch)))
      this.#settleAll(await lateReports(runs))
    } catch (error) {
      return error as ThreadGone
    }
    const silent = runs.find((run) => !run.isOver && !run.isRevoked)
    const reason = `the thread gave no outcome of job ${silent?.job.id}`
    // Nothing else that runs on it could be heard either.
    if (silent) await this.#termination.endThread(id, reason)
    return new ThreadSilent(reason, undefined)
  }

  async #close(): Promise<boolean> {
    this.#termination.close()
    if (this.#thread.isUp) {
      const closed = this.#thread.run(CLOSE).catch((error: unknown) => error)
      await within(CLOSE_TIMEOUT, closed)
    }
    return within(CLOSE_TIMEOUT, this.#thread.close())
  }

  async #lookAtHeap(): Promise<void> {
    this.#looksAtHeap = true
    const { id } = this
    const heap = await this.#thread.heap()
    this.#looksAtHeap = false
    const reason = heap && this.#heapLimit.broken(heap)
    if (reason !== undefined) await this.#termination.endThread(id, reason)
  }

  #up(kinds: readonly string[] | undefined): void {
    this.#ruinedBy.clear()
    this.#ended = 0
    this.#latest = undefined
    this.#looksAtHeap = false
    this.started()
    this.listener.up(kinds)
  }

  /** They stand in for the result of their batch, and count once that has come. */
  #keep(reports: Report[]): void {
    for (const report of reports) {
      const run = this.slots.live(report.slot, report.token)
      if (run) run.late = report
    }
  }

  #settleAll(reports: Report[]): void {
    for (const { slot, token, outcome, took, units = 0 } of reports) {
      if (units > 0) this.giveBack(units)
      const run = this.slots.live(slot, token)
      if (run) this.#settle(run, run.ended(outcome ?? COMPLETED), took)
    }
  }

  /** Its thread could not end what it had started. */
  #bury(run: ThreadRun, gone: ThreadGone): void {
    const { message, killedFor } = gone
    this.#termination.bury(run)
    const outcome = run.died(this.#suspicion(message), killedFor, gone instanceof ThreadSilent)
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
    this.slots.over(run)
  }

  #settle(run: ThreadRun, outcome: Outcome, took: number | undefined): void {
    this.#over(run)
    this.#ended += 1
    if (took !== undefined) this.#latest = run.job
    this.listener.settled(run.job, outcome, took)
  }
}
