import type { MessagePort } from 'node:worker_threads'
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
import type { Assignment } from './assignment.ts'
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

/** Milliseconds that the handlers' `close` may take, and that the thread's exit may take then. */
const CLOSE_TIMEOUT = 2_000

/** How the threads of the two sorts of lanes differ. */
interface Sort {
  /** Jobs that the thread may have at a time. */
  slots: number
  /** Whether the thread runs one batch after the other. */
  serial: boolean
  /** Only a thread whose batches run side by side has a pulse. */
  pulse: Pulse | undefined
}

/** A thread of a lane, and the jobs that have been handed to it. */
export abstract class WorkerThread {
  protected readonly listener: ThreadListener
  protected readonly slots: ThreadSlots
  /** The port of the answers to the thread's questions; undefined before its first question. */
  answers: MessagePort | undefined
  readonly #credit = new Credit()
  #batches = 0
  /** Kinds that the thread died of. Each holds a place of the thread until a new thread is up. */
  readonly #ruinedBy = new Set<string>()
  /** Runs that have ended since the thread came up. */
  #ended = 0
  /** The job that reported its end last: what the job has left behind may end the thread. */
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
        this.answers = undefined
        this.#credit.reset()
        listener.down(id, reason)
      },
    })
    this.#termination = new Termination(this.#thread, flags, guard, (job, reason) =>
      listener.stuck(job, reason),
    )
  }

  /** Hand-offs that the thread could start at once. */
  abstract get free(): number

  /** The thread's `threadId`; while there is no thread, that of the last thread. */
  get id(): number {
    return this.#thread.id
  }

  /** Why there is no thread; undefined while there is one, or the first is being set up. */
  get problem(): string | undefined {
    return this.#thread.problem
  }

  /** The error behind {@link problem}, if one is known. */
  get cause(): unknown {
    return this.#thread.cause
  }

  /** Resolves once there is a thread, or no thread could be set up. */
  ready(): Promise<void> {
    return this.#thread.ready()
  }

  /** Hand-offs that the thread has. */
  get batches(): number {
    return this.#batches
  }

  /** Whether there is a thread that takes hand-offs. */
  get isOpen(): boolean {
    return this.#thread.isUp && this.#closed === undefined
  }

  /** Whether a new thread is about to follow this one. False if threads cannot be set up. */
  get isBeingReplaced(): boolean {
    return !this.isOpen && this.#batches === 0 && this.problem === undefined
  }

  /** Whether there is a thread that is set up. */
  protected get isUp(): boolean {
    return this.#thread.isUp
  }

  /** Kinds of the jobs that the thread has, and kinds that the thread died of. */
  get kinds(): ReadonlySet<string> {
    return new Set([...this.slots.kinds, ...this.#ruinedBy])
  }

  /** Kinds of the jobs that the thread is running, and kinds that the thread died of. */
  get kindsAtWork(): ReadonlySet<string> {
    const atWork = this.slots.all().filter((run) => run.startedAt() > 0)
    return new Set([...atWork.map(({ job }) => job.kind), ...this.#ruinedBy])
  }

  /** Jobs of a kind that are not over, and one place more if the thread died of the kind. */
  held(kind: string): number {
    return this.slots.jobs(kind) + (this.#ruinedBy.has(kind) ? 1 : 0)
  }

  /** Whether the thread has jobs that it has not started. */
  get hasWaiting(): boolean {
    return this.slots.find((run) => run.startedAt() === 0) !== undefined
  }

  /** Whether the thread has jobs that have not ended. */
  get hasRuns(): boolean {
    return this.slots.find(() => true) !== undefined
  }

  /** Runs that have ended since this thread came up. */
  protected get ended(): number {
    return this.#ended
  }

  /** Looks at the heap: ends a thread that is about to run out of memory. False without jobs. */
  look(): boolean {
    if (HEAPS_ARE_KNOWN && !this.#looksAtHeap) void this.#lookAtHeap()
    return this.#batches > 0
  }

  /** Takes back the wanted jobs that the thread has not started. */
  revoke(wanted: (run: Assignment) => boolean = () => true): Assignment[] {
    const taken = this.slots.all().filter((run) => wanted(run) && run.revoke())
    for (const run of taken) this.#over(run)
    return taken
  }

  /** The job with the id that a message names, if this thread really runs the job. */
  find(id: unknown): ClaimedJob | undefined {
    return this.slots.find(({ job }) => job.id === id)?.job
  }

  /** Lets the thread send so many units more. */
  giveBack(units: number): void {
    this.#credit.giveBack(units)
  }

  /** Settles the runs of this thread that the reports name. Other reports are forged, or late. */
  report(reports: Report[], last = false): void {
    if (last) return this.#keep(reports)
    this.#settleAll(reports.filter(({ slot, token }) => this.slots.has(slot, token)))
  }

  /** Takes note of a process that a run of this thread has started, or that has exited. */
  child({ slot, token, pid, alive }: Extract<ThreadMessage, { helve: 'child' }>): void {
    const run = this.slots.live(slot, token)
    if (run) this.#termination.child(run, pid, alive)
  }

  /** Ends one run, or takes it back if it has not started. False if the thread has no such run. */
  end({ id, token }: ClaimedJob): boolean {
    const run = this.slots.find(({ job }) => job.id === id && job.token === token)
    if (run === undefined) return false
    if (run.revoke()) {
      this.#settle(run, { type: 'released', reason: 'it was told to end' }, undefined)
    } else this.#termination.end(run, 'interrupt')
    return true
  }

  /**
   * Ends all runs of the thread: by their signals, and after each run's grace by force.
   *
   * @param isLast whether no other thread is to follow this one
   */
  interrupt(isLast: boolean): void {
    if (isLast) this.#thread.isLast = true
    for (const run of this.slots.all()) this.#termination.end(run, 'interrupt')
  }

  /** Lets the handlers close, then ends the thread. Resolves to whether the thread has exited. */
  close(): Promise<boolean> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Called when a new thread has been set up. */
  protected started(): void {}

  /** Hands over jobs, which the thread runs in order. Resolves once the thread has none of them. */
  protected async runBatch(assignments: readonly Assignment[]): Promise<void> {
    this.#batches += 1
    const runs = assignments.map((assignment) => this.slots.take(assignment))
    this.#termination.watch(runs)
    const gone = await this.#outcomes(runs)
    const returned: Assignment[] = []
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

  /** Settles the runs that the thread reports. Resolves to why the other runs get no report. */
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
    // The thread could not report its other runs either.
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

  /** Keeps reports that stand in for the result of a batch: they count once the batch has ended. */
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

  /** Settles a run whose thread is gone, and kills the processes that the thread left behind. */
  #bury(run: ThreadRun, gone: ThreadGone): void {
    const { message, killedFor } = gone
    this.#termination.bury(run)
    const outcome = run.died(this.#suspicion(message), killedFor, gone instanceof ThreadSilent)
    const guilty = outcome.type === 'lost' || outcome.type === 'timedOut'
    if (guilty && !this.#thread.isUp) this.#ruinedBy.add(run.job.kind)
    this.#settle(run, outcome, undefined)
  }

  /** Adds the latest ended job to a reason: what that job left behind may have ended the thread. */
  #suspicion(reason: string): string {
    if (this.#latest === undefined) return reason
    const { id, kind } = this.#latest
    return `${reason}; job ${id} of kind ${kind} had run on it before`
  }

  /** Stops watching a run that is over. Later messages about the run are ignored. */
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
