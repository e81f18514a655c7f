import type { Handler, Logger } from '../run/handler.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { Notices } from '../run/notices.ts'
import { Outbox } from '../run/outbox.ts'
import { Run } from '../run/run.ts'
import { unhandled } from '../job/outcome.ts'
import { after } from '../timer.ts'
import { boundedLogger } from './bounded-logger.ts'
import { LoopRoom } from './loop-room.ts'
import type { Pool, PoolListener, Room, Terms } from './pool.ts'
import { RunTimeouts, type Watched } from './run-timeouts.ts'
import { progressOf } from './thread-messages.ts'

/** Units of lines and progress that all handlers together may send in a turn of the event loop. */
const MOST_TOLD = 1_000

interface ActiveRun extends Watched {
  job: ClaimedJob
  run: Run
  ending: 'timeout' | 'interrupt' | undefined
  grace: number
}

/**
 * The lane of handlers that are functions on the main thread: cheap asynchronous work only. Beyond
 * its concurrency, the lane takes one run of a kind that has no run in the lane.
 */
export class InlinePool implements Pool {
  readonly #handlers: ReadonlyMap<string, Handler>
  readonly #concurrency: number
  readonly #listener: PoolListener
  readonly #logger: (job: ClaimedJob) => Logger
  readonly #notices = new Notices()
  readonly #runs = new Set<ActiveRun>()
  readonly #timeouts = new RunTimeouts<ActiveRun>((active) => this.#end(active, 'timeout'))
  /** No line waits: the handler may change the fields of a line that waits. */
  readonly #outbox = new Outbox<() => void>(
    {
      room: new LoopRoom(MOST_TOLD),
      line: (write) => write(),
      progress: (id, json) => {
        const active = this.#find(id)
        if (active) this.#listener.progress(active.job, progressOf(json))
      },
      dropped: (id, lines) => {
        const message = `${lines} lines were dropped: they came in one turn of the event loop`
        this.#listener.log('warn', { ...(id === null ? {} : { job: id }), dropped: lines }, message)
      },
    },
    0,
  )

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
  readonly cause: undefined

  readonly isStarting = false

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
    const start = performance.now()
    void this.#run(job, terms).then((outcome) => {
      this.#listener.settled(job, outcome, performance.now() - start)
    })
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

  /** Runs that still go on end with the process, if not before. */
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
        notices: this.#notices,
        isAborted: () => active.ending !== undefined,
        enter: (endpoint) => this.#listener.enterEndpoint(job, endpoint),
        logger: () =>
          boundedLogger(this.#logger(job), (write) => this.#outbox.line(job.id, write, 1)),
        progress: (json) => this.#outbox.progress(job.id, json),
        // The run kills its processes itself: only the end of this process can keep it from that.
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
    this.#timeouts.watch([active])
    const outcome = await run.outcome(handler)
    this.#outbox.over(job.id)
    this.#timeouts.unwatch(active)
    this.#runs.delete(active)
    if (outcome.type === 'completed' || active.ending === undefined) return outcome
    return active.ending === 'timeout'
      ? { type: 'timedOut', timeout }
      : { type: 'released', reason: 'the runtime stopped' }
  }

  #find(id: number): ActiveRun | undefined {
    for (const active of this.#runs) if (active.job.id === id) return active
    return undefined
  }

  /** Nothing can stop a function on the main thread: it keeps its slot and key until it returns. */
  #end(active: ActiveRun, why: 'timeout' | 'interrupt'): void {
    if (active.ending !== undefined) return
    active.ending = why
    active.run.abort()
    after(active.grace, () => {
      if (!this.#runs.has(active)) return
      const reason = 'it runs on the main thread, and goes on after its signal'
      this.#listener.stuck(active.job, reason)
    }).unref()
  }
}
