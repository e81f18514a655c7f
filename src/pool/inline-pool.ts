import type { Handler, Logger } from '../run/handler.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { Run } from '../run/run.ts'
import { unhandled } from '../job/outcome.ts'
import type { Pool, PoolListener, Room, Terms } from './pool.ts'
import { RunTimeouts, type Watched } from './run-timeouts.ts'

interface ActiveRun extends Watched {
  job: ClaimedJob
  run: Run
  ending: 'timeout' | 'interrupt' | undefined
  grace: number
}

/**
 * The lane of handlers that are functions on the main thread: cheap asynchronous work only. It takes
 * one run more than its concurrency, of a kind that has none there.
 */
export class InlinePool implements Pool {
  readonly #handlers: ReadonlyMap<string, Handler>
  readonly #concurrency: number
  readonly #listener: PoolListener
  readonly #logger: (job: ClaimedJob) => Logger
  readonly #runs = new Set<ActiveRun>()
  readonly #timeouts = new RunTimeouts<ActiveRun>((active) => this.#end(active, 'timeout'))

  constructor(
    handlers: ReadonlyMap<string, Handler>,
    concurrency: number,
    listener: PoolListener,
    logger: (job: ClaimedJob) => Logger,
  ) {
    this.#handlers = handlers
    this.#concurrency = concurrency
    this.#listener = listener
    this.#logger = logger
  }

  get free(): number {
    return Math.max(0, this.#concurrency - this.#runs.size)
  }

  get reserve(): number {
    return Math.max(0, this.#concurrency + 1 - this.#runs.size) - this.free
  }

  readonly problem: undefined

  async ready(): Promise<void> {}

  get slots(): number {
    return this.#concurrency
  }

  roomFor(kind: string, most: number): Room {
    const held = [...this.#runs].filter(({ job }) => job.kind === kind).length
    const reserve = held === 0 ? this.reserve : 0
    return { room: Math.max(0, Math.min(this.free + reserve, most - held)), reserve }
  }

  cost(): number {
    return 1
  }

  start(job: ClaimedJob, terms: Terms): void {
    void this.#run(job, terms).then((outcome) => this.#listener.settled(job, outcome))
  }

  isStalled(): boolean {
    return false
  }

  end(job: ClaimedJob): void {
    for (const active of this.#runs) if (active.job === job) this.#end(active, 'interrupt')
  }

  interrupt(): void {
    for (const active of this.#runs) this.#end(active, 'interrupt')
  }

  resize(): void {}

  /** What still runs ends with the process, if not before. */
  async close(): Promise<boolean> {
    this.#timeouts.close()
    return this.#runs.size === 0
  }

  async #run(job: ClaimedJob, { timeout, grace, maxAttempts }: Terms): Promise<Outcome> {
    const handler = this.#handlers.get(job.kind)
    if (handler === undefined) return unhandled(job.kind)
    const startedAt = performance.timeOrigin + performance.now()
    const run = new Run(
      { ...job, slot: 0, maxAttempts },
      {
        isAborted: () => active.ending !== undefined,
        logger: () => this.#logger(job),
        progress: (value) => this.#listener.progress(job, value),
        // The run ends them itself: nothing but the process's end can keep it from that.
        spawning: (spawn) => spawn(),
        child: () => undefined,
      },
    )
    const active: ActiveRun = {
      job,
      run,
      ending: undefined,
      timeout,
      grace,
      startedAt: () => startedAt,
    }
    this.#runs.add(active)
    this.#timeouts.watch(active)
    const outcome = await run.outcome(handler)
    this.#timeouts.unwatch(active)
    this.#runs.delete(active)
    if (outcome.type === 'completed' || active.ending === undefined) return outcome
    return active.ending === 'timeout'
      ? { type: 'timedOut', timeout }
      : { type: 'released', reason: 'the runtime stopped' }
  }

  /** Nothing can stop a function on the main thread: its slot and key are its until it returns. */
  #end(active: ActiveRun, why: 'timeout' | 'interrupt'): void {
    if (active.ending !== undefined) return
    active.ending = why
    active.run.abort()
    setTimeout(() => {
      if (!this.#runs.has(active)) return
      const reason = 'it runs on the main thread, and goes on after its signal'
      this.#listener.stuck(active.job, reason)
    }, active.grace).unref()
  }
}
