import type { ClaimedJob } from '../job/job.ts'
import type { Assignment } from './assignment.ts'
import { Heartbeat } from './heartbeat.ts'
import type { ThreadListener } from './thread-listener.ts'
import type { ThreadOptions } from './thread-options.ts'
import { WorkerThread } from './worker-thread.ts'

/** Runs after which a thread has loaded and compiled what it needs. */
const COLD_RUNS = 5

/** What a shared thread tells its lane, beyond what every thread tells. */
export interface SharedThreadListener extends ThreadListener {
  /** The code of `job` holds the event loop; `job` is undefined if no running job holds it. */
  stalled(job: ClaimedJob | undefined, heldMs: number): void
  resumed(heldMs: number): void
}

/** A thread of a lane for waiting: it runs many jobs side by side. */
export class SharedThread extends WorkerThread {
  /** Jobs that the thread runs at a time. */
  readonly capacity: number
  readonly #tell: SharedThreadListener
  readonly #heartbeat: Heartbeat

  constructor(options: ThreadOptions, capacity: number, listener: SharedThreadListener) {
    const heartbeat: Heartbeat = new Heartbeat(
      () => this.hasWaiting,
      () => this.ended < COLD_RUNS,
    )
    super(options, listener, { slots: capacity, serial: false, pulse: heartbeat.pulse })
    this.capacity = capacity
    this.#tell = listener
    this.#heartbeat = heartbeat
  }

  get free(): number {
    return this.takesJobs ? Math.max(0, this.capacity - this.batches) : 0
  }

  /** Whether the thread is up, and its event loop turns. */
  get takesJobs(): boolean {
    return this.isOpen && !this.isStalled
  }

  /** Whether the event loop is held, so that no job of the thread gets on. */
  get isStalled(): boolean {
    return this.#heartbeat.isStalled
  }

  /** Looks at the event loop of the thread, too. */
  override look(): boolean {
    const change = this.isUp ? this.#heartbeat.look() : undefined
    if (change?.isStalled) this.#tell.stalled(this.#holder, change.heldMs)
    else if (change) this.#tell.resumed(change.heldMs)
    return super.look()
  }

  start(assignment: Assignment): void {
    const batch = this.runBatch([assignment])
    this.listener.busy()
    void batch.then(() => {
      // The lane may close the thread after its last job, and would not look at it any more.
      if (this.isStalled) this.look()
      this.listener.freed()
    })
  }

  protected override started(): void {
    this.#heartbeat.reset()
  }

  get #holder(): ClaimedJob | undefined {
    return this.slots.at(this.#heartbeat.holder)?.job
  }
}
