import type { Assignment } from './assignment.ts'
import { ThreadRun, type SharedSlots } from './thread-run.ts'

/** The runs of a thread, in the slots that it shares with the main thread. */
export class ThreadSlots {
  readonly shared: SharedSlots
  readonly #runs: (ThreadRun | undefined)[]
  readonly #free: number[]
  /** By kind: the number of jobs that are not over. */
  readonly #kinds = new Map<string, number>()

  constructor(slots: number) {
    this.#runs = Array.from({ length: slots })
    this.#free = Array.from({ length: slots }, (_, slot) => slots - 1 - slot)
    this.shared = {
      // One word more, for the bell.
      flags: new Int32Array(new SharedArrayBuffer(4 * (slots + 1))),
      starts: new Float64Array(new SharedArrayBuffer(8 * slots)),
    }
  }

  take(assignment: Assignment): ThreadRun {
    const slot = this.#free.pop()
    if (slot === undefined) throw new Error(`job ${assignment.job.id}: the thread has no free slot`)
    const run = new ThreadRun(assignment, slot, this.shared)
    this.#runs[slot] = run
    this.#count(run, 1)
    return run
  }

  /** Later messages about the run are ignored. Its slot stays taken until its batch is over. */
  over(run: ThreadRun): void {
    run.isOver = true
    this.#count(run, -1)
  }

  free(run: ThreadRun): void {
    this.#runs[run.slot] = undefined
    this.#free.push(run.slot)
  }

  /** The run that a message names; undefined if the run is over, or never existed. */
  live(slot: number, token: number): ThreadRun | undefined {
    const run = this.#runs[slot]
    return run?.isOver === false && run.job.token === token ? run : undefined
  }

  /** Whether a slot still has the run with this token, over or not. */
  has(slot: number, token: number): boolean {
    return this.#runs[slot]?.job.token === token
  }

  /** The run of a slot, if it is not over. */
  at(slot: number): ThreadRun | undefined {
    const run = this.#runs[slot]
    return run?.isOver === false ? run : undefined
  }

  find(is: (run: ThreadRun) => boolean): ThreadRun | undefined {
    return this.#runs.find((run) => run?.isOver === false && is(run))
  }

  /** Runs that are not over. */
  all(): ThreadRun[] {
    return this.#runs.filter((run) => run?.isOver === false) as ThreadRun[]
  }

  /** Kinds of the jobs that are not over. */
  get kinds(): Iterable<string> {
    return this.#kinds.keys()
  }

  /** How many jobs of a kind are not over. */
  jobs(kind: string): number {
    return this.#kinds.get(kind) ?? 0
  }

  #count({ job: { kind } }: ThreadRun, by: 1 | -1): void {
    const jobs = this.jobs(kind) + by
    if (jobs === 0) this.#kinds.delete(kind)
    else this.#kinds.set(kind, jobs)
  }
}
