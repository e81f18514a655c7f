import type { Handler, Logger } from '../job/handler.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { Run, unhandled } from '../job/run-handler.ts'
import { deadline } from './deadline.ts'
import type { Pool, PoolListener, Terms } from './pool.ts'

interface ActiveRun {
  run: Run
  ending: 'timeout' | 'interrupt' | undefined
  terms: Terms
  disarm: () => void
}

/** The lane of handlers that are functions on the main thread: cheap asynchronous work only. */
export class InlinePool implements Pool {
  readonly #handlers: ReadonlyMap<string, Handler>
  readonly #concurrency: number
  readonly #listener: PoolListener
  readonly #logger: (job: ClaimedJob) => Logger
  readonly #runs = new Map<ClaimedJob, ActiveRun>()

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
    return this.#concurrency - this.#runs.size
  }

  start(job: ClaimedJob, terms: Terms): void {
    void this.#run(job, terms).then((outcome) => {
      this.#runs.get(job)?.disarm()
      this.#runs.delete(job)
      this.#listener.settled(job, outcome)
    })
  }

  interrupt(): void {
    for (const [job, active] of this.#runs) this.#end(job, active, 'interrupt')
  }

  resize(): void {}

  async close(): Promise<void> {}

  async #run(job: ClaimedJob, terms: Terms): Promise<Outcome> {
    const handler = this.#handlers.get(job.kind)
    if (handler === undefined) return unhandled(job.kind)
    const startedAt = performance.timeOrigin + performance.now()
    const run = new Run(
      { ...job, slot: 0, maxAttempts: terms.maxAttempts },
      {
        isAborted: () => active.ending !== undefined,
        logger: () => this.#logger(job),
        progress: (value) => this.#listener.progress(job, value),
      },
    )
    const active: ActiveRun = {
      run,
      terms,
      ending: undefined,
      disarm: deadline(
        terms.timeout,
        () => startedAt,
        () => this.#end(job, active, 'timeout'),
      ),
    }
    this.#runs.set(job, active)
    const outcome = await run.outcome(handler)
    if (outcome.type === 'completed' || active.ending === undefined) return outcome
    return active.ending === 'timeout'
      ? { type: 'timedOut', timeout: terms.timeout }
      : { type: 'released', reason: 'the runtime stopped' }
  }

  /** Nothing can stop a function on the main thread: its slot and key are its until it returns. */
  #end(job: ClaimedJob, active: ActiveRun, why: 'timeout' | 'interrupt'): void {
    if (active.ending !== undefined) return
    active.ending = why
    active.disarm()
    active.run.abort()
    const timer = setTimeout(() => {
      this.#listener.stuck(job, 'it runs on the main thread, and goes on after its signal')
    }, active.terms.grace)
    active.disarm = () => clearTimeout(timer)
  }
}
