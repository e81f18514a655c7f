import assert from 'node:assert/strict'
import type { Webhook } from '../../../src/job/delivery.ts'
import type { WebhookDesk } from '../../../src/job/webhook-desk.ts'
import type { ClaimedJob } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/outcome.ts'
import type { Pool, Terms } from '../../../src/pool/pool.ts'
import { SerialPool } from '../../../src/pool/serial-pool.ts'
import { SharedPool } from '../../../src/pool/shared-pool.ts'
import { threadEnvironment, threadFlags } from '../../../src/pool/thread-options.ts'
import { asWritten, built, BUILT_ENTRY, SOURCE_ENTRY } from '../built.ts'
import { NOW } from '../jobs.ts'
import { PATIENCE } from '../patience.ts'
import { claimedJob } from './claimed-job.ts'
import type { Config } from './handlers.ts'
import { Recorder } from './recorder.ts'

/** Milliseconds. A run that hangs ends before the test that waits for the run gives up. */
const TIMEOUT = PATIENCE - 5_000
const HANDLERS = new URL('./handlers.ts', import.meta.url)
/** More slots than any lane has. */
const MOST = 1_000

export interface LaneOptions {
  threads?: number
  concurrency?: number
  memory?: number
  flags?: string[]
  /** @default false */
  spare?: boolean
  /** A module as written. @default handlers.ts beside this file */
  handlers?: URL
  /** Whether threads load the module as it is written, and compile TypeScript themselves. */
  isSource?: boolean
  config?: Partial<Config>
  env?: Record<string, string>
  logLevel?: number
  setupTimeout?: number
  entry?: string
  getWebhook?: (id: number) => Promise<Webhook | undefined>
}

/** Knows no hooks. */
const DESK: WebhookDesk = {
  getWebhook: async () => undefined,
  openAttempt: async () => ({ hook: undefined, stored: undefined, record: 1 }),
}

export interface StartOptions extends Partial<Terms> {
  crashes?: number
  attempt?: number
  dedupeKey?: string
}

/** A lane of real threads, with a recorder that keeps what the lane tells. */
export class Lane {
  readonly pool: Pool
  readonly recorder = new Recorder()
  /** Shared with the handlers; a job's own cell is at its id. */
  readonly cells: Int32Array<SharedArrayBuffer>
  readonly #capacity: number
  #lastId = 0

  constructor(options: LaneOptions = {}) {
    const { threads = 1, concurrency = 1, memory, handlers = HANDLERS } = options
    const { isSource = false, env = {}, logLevel = 100, getWebhook } = options
    const { entry = isSource ? SOURCE_ENTRY : BUILT_ENTRY } = options
    this.cells = new Int32Array(new SharedArrayBuffer(4 * 1_000))
    this.#capacity = threads * concurrency
    const module = (isSource ? asWritten(handlers) : built(handlers)).href
    const LanePool = concurrency === 1 ? SerialPool : SharedPool
    this.pool = new LanePool(
      {
        entry,
        flags: [...threadFlags(entry, module), ...(options.flags ?? [])],
        environment: threadEnvironment(env),
        handlers: module,
        config: { cells: this.cells, ...options.config },
        logLevel: new Int32Array([logLevel]),
        concurrency,
        spare: options.spare ?? false,
        setupTimeout: options.setupTimeout ?? TIMEOUT,
        memory,
      },
      threads,
      this.recorder.listener,
      { ...DESK, ...(getWebhook && { getWebhook }) },
    )
  }

  /** Hands a job to the pool, which must have room for it. */
  start(kind: string, payload: unknown = {}, options: StartOptions = {}): ClaimedJob {
    const { crashes = 0, attempt = 1, dedupeKey = null, ...terms } = options
    assert.ok(this.#hasRoom(kind, options), 'expected a pool with room')
    this.#lastId += 1
    const id = this.#lastId
    const over = { kind, payload: JSON.stringify(payload), dedupeKey, attempt, crashes }
    const job = claimedJob(id, { ...over, createdAt: NOW })
    this.pool.start(job, {
      maxAttempts: 5,
      timeout: TIMEOUT,
      grace: 100,
      alone: false,
      most: MOST,
      ...terms,
    })
    return job
  }

  /** Hands a job over as soon as there is room for it, and waits for its end. */
  async run(kind: string, payload?: unknown, options?: StartOptions): Promise<Outcome> {
    await this.recorder.until(() => this.#hasRoom(kind, options), 'room for a job')
    return this.recorder.outcome(this.start(kind, payload, options))
  }

  /**
   * Starts a job that runs until it is released, and waits until its handler runs. If the job times
   * out before that, since the machine is busy, starts another job with twice the timeout.
   */
  async hold(options: StartOptions = {}, kind = 'hold', payload?: unknown): Promise<ClaimedJob> {
    await this.recorder.until(() => this.#hasRoom(kind, options), 'room for a job')
    const job = this.start(kind, payload, options)
    if (await this.recorder.begins(job)) return job
    const { timeout = TIMEOUT } = options
    assert.deepEqual(await this.recorder.outcome(job), { type: 'timedOut', timeout })
    return this.hold({ ...options, timeout: 2 * timeout }, kind, payload)
  }

  release(...jobs: ClaimedJob[]): void {
    for (const { id } of jobs) {
      Atomics.store(this.cells, id, 1)
      Atomics.notify(this.cells, id)
    }
  }

  /** Runs a job, and gives the id of the thread that ran it. */
  async thread(options?: StartOptions): Promise<number> {
    return Number(completed(await this.run('thread', {}, options)))
  }

  /** Checks that ten normal jobs complete, and that the whole capacity is free after them. */
  async worksOn(capacity = this.#capacity): Promise<void> {
    for (let n = 0; n < 10; n += 1) assert.equal(completed(await this.run('echo', { n })), n)
    await this.isFree(capacity)
    assert.deepEqual(this.recorder.faults, [])
  }

  /** Resolves when no job runs, and the whole capacity of the lane is free. */
  isFree(capacity = this.#capacity): Promise<void> {
    return this.recorder.until(() => this.pool.free === capacity, `${capacity} free slots`)
  }

  /** What a kind may take of the lane. */
  room(kind: string, most = MOST): number {
    const { room, reserve } = this.pool.roomFor(kind, most)
    return Math.min(room, this.pool.free + reserve)
  }

  #hasRoom(kind: string, { most }: StartOptions = {}): boolean {
    return this.room(kind, most) > 0
  }

  /** What the lane has told of threads that have ended: `down`, the thread and the reason. */
  get downs(): string[] {
    return this.recorder.told.filter((line) => line.startsWith('down'))
  }

  async close(): Promise<void> {
    this.pool.interrupt(true)
    await this.pool.close()
    assert.deepEqual(this.recorder.faults, [])
  }
}

/** A lane whose threads are up, or could not be started. The lane is closed after the test. */
export async function openLane(
  t: { after: (close: () => Promise<void>) => void },
  options?: LaneOptions,
): Promise<Lane> {
  const lane = new Lane(options)
  t.after(() => lane.close())
  await lane.pool.ready()
  return lane
}

/** The result of a run that has completed. */
export function completed(outcome: Outcome): unknown {
  assert.equal(outcome.type, 'completed', JSON.stringify(outcome))
  if (outcome.type !== 'completed' || outcome.result === undefined) return undefined
  return JSON.parse(outcome.result)
}

/** The error of a run that has failed by its own doing. */
export function failed(outcome: Outcome) {
  assert.equal(outcome.type, 'failed', JSON.stringify(outcome))
  assert.ok(outcome.type === 'failed')
  return outcome.error
}
