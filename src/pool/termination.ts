import type { ClaimedJob } from '../job/job.ts'
import type { SpawnGuard } from '../thread/guard.ts'
import { after } from '../timer.ts'
import { ProcessGroups } from './process-groups.ts'
import type { SupervisedThread } from './supervised-thread.ts'
import type { ThreadRun } from './thread-run.ts'
import { RunTimeouts } from './run-timeouts.ts'

/** Milliseconds between the killing of a run's processes and that of its thread. */
const REAP_TIME = 200
/** After this many ms a thread that was to be killed and has not exited is reported. */
const STUCK_AFTER = 5_000

/** Ends the runs of a thread: by their signal, then with their processes, then with the thread. */
export class Termination {
  readonly #thread: SupervisedThread
  readonly #flags: Int32Array
  readonly #guard: SpawnGuard
  readonly #onStuck: (job: ClaimedJob, reason: string) => void
  readonly #timeouts = new RunTimeouts<ThreadRun>((run) => this.end(run, 'timeout'))
  readonly #groups = new ProcessGroups<ThreadRun>()

  /**
   * @param flags those of the slots, and the bell that makes the thread look at them
   * @param onStuck is told of a job whose thread was killed, and does not exit
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

  /** Ends each of them when it is over its time. */
  watch(runs: readonly ThreadRun[]): void {
    this.#timeouts.watch(runs)
  }

  /** It has ended, or was taken back; what it has started is ended, unless its thread is gone. */
  forget(run: ThreadRun): void {
    this.#timeouts.unwatch(run)
    this.#groups.forget(run)
  }

  /** Its thread is gone, without having ended what it has started. */
  bury(run: ThreadRun): void {
    this.#groups.kill(run)
  }

  /** Takes note of a process that a run has started, or that has exited. */
  child(run: ThreadRun, pid: number, alive: boolean): void {
    if (alive) this.#groups.started(run, pid)
    else this.#groups.exited(run, pid)
  }

  /** By its signal, and after its grace by force. */
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
   * Ends a thread that is of no more use, unless another one has followed it already. Resolves once
   * it has exited.
   *
   * @param id its `threadId`
   * @param reason what the jobs that it has are told
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
   * Its processes first: often they are all that it waits for, and their thread has to live on to
   * take note of their end; what nobody takes note of stays in the process table.
   */
  #force(run: ThreadRun): void {
    if (!this.#groups.has(run)) return void this.#kill(run)
    // Before they end: what the run makes of that must not count as done.
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

  /** Resolves once it has exited, or the run is over without that. */
  async #killThread(run: ThreadRun): Promise<void> {
    await this.#guard.doom()
    if (run.isOver) {
      if (this.#thread.isUp) this.#guard.pardon()
      return
    }
    // The end of another run has just pardoned it.
    if (!this.#guard.isDoomed) return this.#killThread(run)
    await this.#thread.kill(run.job)
  }
}
