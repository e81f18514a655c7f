import assert from 'node:assert/strict'
import type { ClaimedJob } from '../../src/job/job.ts'
import type { Outcome } from '../../src/job/outcome.ts'
import type { Pool, Room, Terms } from '../../src/pool/pool.ts'

type Settled = (job: ClaimedJob, outcome: Outcome, took?: number) => void

/** A lane whose runs end when the test says so, with the outcome that the test gives. */
export class FakePool implements Pool {
  capacity: number
  /** Runs beyond `capacity`, of kinds that have no run here. */
  readonly spare: number
  /** Every run that was started, in order. */
  readonly started: { job: ClaimedJob; terms: Terms }[] = []
  /** Ids of the jobs whose runs the pool was told to end, in order. */
  readonly ended: number[] = []
  readonly stalled = new Set<number>()
  /** Its threads are being started: there is no room. */
  isStarting = false
  problem: string | undefined
  cause: unknown
  interrupted = 0
  closed = false
  /** Told the outcome of each run. */
  settled: Settled = () => assert.fail('nobody listens to this pool')
  readonly #running = new Map<number, ClaimedJob>()

  constructor(capacity: number, spare = 0) {
    this.capacity = capacity
    this.spare = spare
  }

  get free(): number {
    if (this.isStarting || this.problem !== undefined) return 0
    return Math.max(0, this.capacity - this.#running.size)
  }

  get reserve(): number {
    if (this.isStarting || this.problem !== undefined) return 0
    return Math.max(0, this.capacity + this.spare - this.#running.size) - this.free
  }

  /** Ids of the jobs that run now. */
  get running(): number[] {
    return [...this.#running.keys()]
  }

  async ready(): Promise<void> {}

  get slots(): number {
    return this.capacity
  }

  roomFor(kind: string, most: number): Room {
    const held = this.#held(kind)
    const reserve = held === 0 ? this.reserve : 0
    return { room: Math.max(0, Math.min(this.free + reserve, most - held)), reserve }
  }

  isStalled(id: number): boolean {
    return this.stalled.has(id)
  }

  end(job: ClaimedJob): void {
    this.ended.push(job.id)
  }

  cost(): number {
    return 1
  }

  start(job: ClaimedJob, terms: Terms): void {
    const isFirst = this.#held(job.kind) === 0
    const room = this.free + (isFirst ? this.reserve : 0)
    assert.ok(room > 0, `job ${job.id} was started in a full lane`)
    assert.ok(!this.#running.has(job.id), `I3: job ${job.id} was started while it runs`)
    this.#running.set(job.id, job)
    this.started.push({ job, terms })
  }

  /** Ends a run, which took `took` milliseconds, if known; returns the job as it was claimed. */
  finish(id: number, outcome: Outcome = completed(), took?: number): ClaimedJob {
    const job = this.#running.get(id)
    assert.ok(job, `job ${id} does not run here`)
    this.#running.delete(id)
    this.settled(job, outcome, took)
    return job
  }

  interrupt(): void {
    this.interrupted += 1
    for (const id of this.running) this.finish(id, { type: 'released', reason: 'interrupted' })
  }

  resize(threads: number): void {
    this.capacity = threads
  }

  async close(): Promise<boolean> {
    this.closed = true
    return true
  }

  #held(kind: string): number {
    return [...this.#running.values()].filter((job) => job.kind === kind).length
  }
}

export function completed(over: Partial<Extract<Outcome, { type: 'completed' }>> = {}): Outcome {
  return { type: 'completed', result: undefined, followUps: [], deliveries: [], ...over }
}

export function failed(over: Partial<Extract<Outcome, { type: 'failed' }>> = {}): Outcome {
  const error = { name: 'Error', message: 'disk on fire' }
  return { type: 'failed', error, permanent: false, retryAt: undefined, deliveries: [], ...over }
}
