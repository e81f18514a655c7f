import type { ClaimedJob } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/outcome.ts'
import type { PoolListener } from '../../../src/pool/pool.ts'
import { Waiting } from '../waiting.ts'

interface Line {
  level: string
  fields: Record<string, unknown>
  message: string
}

/** Keeps what a pool tells, and lets a test wait for it. */
export class Recorder {
  /** In order: `up 1`, `down 1: reason`, `settled 7`, `stuck 7: reason`, `resumed 1`. */
  readonly told: string[] = []
  readonly lines: Line[] = []
  /** The kinds that each thread has told of, in order. */
  readonly kinds: (string[] | undefined)[] = []
  readonly outcomes = new Map<ClaimedJob, Outcome>()
  readonly progress: { job: ClaimedJob; value: unknown }[] = []
  readonly stalls: { thread: number; job: ClaimedJob | undefined; heldMs: number }[] = []
  /** What the pool has done, and no pool must ever do. */
  readonly faults: string[] = []
  /** Called inside `settled`, before anything can change after it. */
  onSettled: (() => void) | undefined
  /** Called as soon as a thread has stopped. */
  onDown: (() => void) | undefined
  readonly #waiting = new Waiting(() => this.told.slice(-6).join(', '))

  readonly listener: PoolListener = {
    settled: (job, outcome) => {
      if (this.outcomes.has(job)) this.faults.push(`job ${job.id} settled twice`)
      this.outcomes.set(job, outcome)
      this.onSettled?.()
      this.#tell(`settled ${job.id}`)
    },
    roomier: () => this.#waiting.look(),
    enterEndpoint: async () => undefined,
    progress: (job, value) => {
      if (this.outcomes.has(job)) this.faults.push(`job ${job.id} progressed after its end`)
      this.progress.push({ job, value })
      this.#waiting.look()
    },
    log: (level, fields, message) => {
      this.lines.push({ level, fields: { ...fields }, message })
      this.#waiting.look()
    },
    threadUp: (thread, kinds) => {
      this.kinds.push(kinds?.toSorted())
      this.#tell(`up ${thread}`)
    },
    threadDown: (thread, reason) => {
      this.onDown?.()
      this.#tell(`down ${thread}: ${reason}`)
    },
    threadStalled: (thread, job, heldMs) => {
      this.stalls.push({ thread, job, heldMs })
      this.#tell(`stalled ${thread}: ${job?.id}`)
    },
    threadResumed: (thread) => this.#tell(`resumed ${thread}`),
    stuck: (job, reason) => this.#tell(`stuck ${job.id}: ${reason}`),
  }

  until(holds: () => boolean, name: string): Promise<void> {
    return this.#waiting.until(holds, name)
  }

  async outcome(job: ClaimedJob): Promise<Outcome> {
    await this.until(() => this.outcomes.has(job), `the end of job ${job.id}, a ${job.kind}`)
    return this.outcomes.get(job)!
  }

  /** The first value that a job's handler gives to `ctx.progress`. */
  async firstProgress(job: ClaimedJob): Promise<unknown> {
    const found = (): { value: unknown } | undefined => this.progress.find((one) => one.job === job)
    await this.until(() => found() !== undefined, `progress of job ${job.id}, a ${job.kind}`)
    return found()?.value
  }

  /** Whether a job's handler has called `ctx.progress` before it ended. */
  async begins(job: ClaimedJob): Promise<boolean> {
    const hasBegun = (): boolean => this.progress.some((one) => one.job === job)
    await this.until(() => hasBegun() || this.outcomes.has(job), `the begin of job ${job.id}`)
    return hasBegun()
  }

  #tell(line: string): void {
    this.told.push(line)
    this.#waiting.look()
  }
}
