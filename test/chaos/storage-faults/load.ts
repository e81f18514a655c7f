import { setTimeout as sleep } from 'node:timers/promises'
import type { Counts, EnqueueResult, Runtime } from '../../../src/index.ts'
import { read } from '../../../src/job/errors.ts'
import type { Voice } from '../power-cut/ledger.ts'
import { submission } from '../power-cut/submissions.ts'
import type handlers from './handlers.ts'
import type { News } from './orders.ts'

/** Jobs that may wait at a time: a fault finds jobs in every stage. */
const ROOM = 40
const BATCH = 5
/** The host tends to its jobs every `TENDING` milliseconds, by `CALLS` calls each time. */
const TENDING = 100
const CALLS = 5
const NO_JOB = 2 ** 40

/** A host that enqueues, and tends to its jobs, whatever is refused. */
export class Load {
  acked = 0
  readonly #runtime: Runtime<typeof handlers>
  readonly #voice: Voice
  readonly #tell: (news: News) => void
  #last: number
  #isOver = false
  #loops: Promise<unknown> | undefined

  /** @param first the submissions are numbered from `first` + 1 on */
  constructor(
    runtime: Runtime<typeof handlers>,
    voice: Voice,
    tell: (news: News) => void,
    first: number,
  ) {
    this.#runtime = runtime
    this.#voice = voice
    this.#tell = tell
    this.#last = first
  }

  begin(): void {
    const producers = [1, 1, 1, BATCH].map((count) => this.#produce(count))
    this.#loops ??= Promise.all([...producers, this.#tend()])
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#loops
  }

  async enqueue(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, () => (this.#last += 1))
    const jobs = numbers.map((n) => {
      const { kind, payload, options } = submission(n)
      return { kind, payload, ...options }
    })
    const failed = (error: unknown): unknown[] => (read(error, 'results') as unknown[]) ?? [error]
    const results: unknown[] = await this.#runtime.enqueueMany(jobs).catch(failed)
    results.forEach((result, i) => this.#hear(numbers[i]!, result))
  }

  /** Jobs that have not ended, without those that wait for their time. */
  async waiting(): Promise<number> {
    const { later: _, ...counts } = await this.#runtime.counts().catch((): Counts => ({}))
    return Object.values(counts).reduce((sum, { queued, running }) => sum + queued + running, 0)
  }

  #hear(n: number, result: unknown): void {
    if (result instanceof Error) return this.#tell({ is: 'refused', code: codeOf(result), n })
    this.#voice.say('ack', n, (result as EnqueueResult).id)
    this.acked += 1
  }

  /** Enqueues again at once, whether or not the last submissions were refused. */
  async #produce(count: number): Promise<void> {
    while (!this.#isOver) {
      await this.enqueue(count)
      await this.#room()
    }
  }

  /** Waits for room, but not for long while no job ends. */
  async #room(): Promise<void> {
    for (let tries = 0; tries < 10 && (await this.waiting()) >= ROOM; tries += 1) await sleep(2)
  }

  /** Makes several calls at once: together they hold up the main thread no longer than one call. */
  async #tend(): Promise<void> {
    while (!this.#isOver) {
      const calls = Array.from({ length: CALLS }, () => this.#runtime.cancel(NO_JOB))
      for (const call of await Promise.allSettled(calls)) {
        if (call.status === 'rejected') this.#tell({ is: 'refused', code: codeOf(call.reason) })
      }
      await sleep(TENDING)
    }
  }
}

export function codeOf(error: unknown): string {
  return String(read(error, 'code') ?? error)
}
