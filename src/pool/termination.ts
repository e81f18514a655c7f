import type { ClaimedJob } from '../job/job.ts'
import type { SpawnGuard } from '../thread/guard.ts'
import { after } from '../timer.ts'
import { ProcessGroups } from './process-groups.ts'
import type { SupervisedThread } from './supervised-thread.ts'
import type { ThreadRun } from './thread-run.ts'
import { RunTimeouts } from './run-timeouts.ts'

/** Milliseconds between the killing of a run's processes and the killing of its thread. */
const REAP_TIME = 200
/** Milliseconds after which a thread that was to be killed is reported, if it has not exited. */
const STUCK_AFTER = 5_000

/** Ends the runs of a thread: by their signal, then by killing their processes, then the thread. */
export class Termination {
  readonly #thread: SupervisedThread
  readonly #flags: Int32Array
  readonly #guard: SpawnGuard
  readonly #onStuck: (job: ClaimedJob, reason: string) => void
  readonly #timeouts = new RunTimeouts<ThreadRun>((run) => this.end(run, 'timeout'))
  readonly #groups = new ProcessGroups<ThreadRun>()

  /**
   * @param flags the flags of the slots, and the bell that makes the thread look at the flags
   * @param onStuck is called with a job whose thread is to be killed, and does not exit
   */
  constructor(
    thread: SupervisedThread,
    flags: Int32Array,
    guard: SpawnGuard,
    onStuck: (job: ClaimedJob, reason: string) => void,
  ) {
    this.#thread = thread
    this.#flags = flags
    this.#guard = guard
    this.#onStuck = onStuck
  }

  /** Ends each run when the run is over its time. */
  watch(runs: readonly ThreadRun[]): void {
    this.#timeouts.watch(runs)
  }

  /**
   * The run is over; stop watching it. The thread kills the processes that the run started, unless
   * the thread has died.
   */
  forget(run: ThreadRun): void {
    this.#timeouts.unwatch(run)
    this.#groups.forget(run)
  }

  /** Kills the processes of a run whose thread is gone: the thread could not kill them. */
  bury(run: ThreadRun): void {
    this.#groups.kill(run)
  }

  /** Takes note of a process that a run has started, or that has exited. */
  child(run: ThreadRun, pid: number, alive: boolean): void {
    if (alive) this.#groups.started(run, pid)
    else this.#groups.exited(run, pid)
  }

  /** Ends a run by its signal, and after its grace by force. */
  end(run: ThreadRun, why: 'timeout' | 'interrupt'): void {
    if (!run.end(why)) return
    const bell = this.#flags.length - 1
    Atomics.add(this.#flags, bell, 1)
    Atomics.notify(this.#flags, bell)
    after(run.terms.grace, () => {
      if (!run.isOver) this.#force(run)
    }).unref()
  }

  /**
   * Ends a thread that is of no more use, unless another thread has replaced it already. Resolves
   * once the thread has exited.
   *
   * @param id the `threadId` of the thread to end
   * @param reason why the thread ends, for the outcomes of its jobs
   */
  async endThread(id: number, reason: string): Promise<void> {
    await this.#guard.doom()
    if (this.#thread.id === id) await this.#thread.end(reason)
    else this.#guard.pardon()
  }

  close(): void {
    this.#timeouts.close()
  }

  /**
   * Kills the run's processes before the thread. Often the run waits only for its processes. The
   * thread has to live on to take note of their end: otherwise they stay in the process table.
   */
  #force(run: ThreadRun): void {
    if (!this.#groups.has(run)) return void this.#kill(run)
    // Before the processes end: a run that returns because they were killed must not count as done.
    run.force()
    this.#groups.kill(run)
    after(REAP_TIME, () => void this.#kill(run)).unref()
  }

  async #kill(run: ThreadRun): Promise<void> {
    if (run.isOver) return
    const report = after(STUCK_AFTER, () => {
      this.#onStuck(run.job, `its thread was to be killed ${STUCK_AFTER} ms ago, and goes on`)
    })
    await this.#killThread(run)
    report.cancel()
  }

  /** Resolves once the thread has exited, or the run is over while the thread lives. */
  async #killThread(run: ThreadRun): Promise<void> {
    await this.#guard.doom()
    if (run.isOver) {
      if (this.#thread.isUp) this.#guard.pardon()
      return
    }
    // The end of another run has just pardoned the thread.
    if (!this.#guard.isDoomed) return this.#killThread(run)
    await this.#thread.kill(run.job)
  }
}
