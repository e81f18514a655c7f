import { setTimeout as sleep } from 'node:timers/promises'
import type { Enqueuer } from '../../../src/store-enqueuer.ts'
import { quantile } from '../../statistics.ts'
import { now } from '../../time.ts'
import type { IsolationRuntime, Kind } from './isolated.ts'

/** Milliseconds that the jobs still under way at the end of a load get. */
const PATIENCE = 5_000

/** When `enqueue` was called, in epoch ms, and how many ms the job waited from then on. */
interface Wait {
  called: number
  ms: number
}

/** Submits jobs of a kind, and measures how long each job waits for a time that `until` names. */
export class Probe {
  readonly waits: Wait[] = []
  readonly #enqueuer: Enqueuer
  readonly #kind: Kind
  readonly #called = new Map<number, number>()
  readonly #waiting = new Map<number, (ms: number) => void>()
  #submitting = 0

  /** @param until takes a job's result and returns the end of the job's wait, in epoch ms */
  constructor(runtime: IsolationRuntime, kind: Kind, until: (result: unknown) => number) {
    this.#enqueuer = runtime
    this.#kind = kind
    runtime.on('completed', ({ job: { id }, result }) => {
      const called = this.#called.get(id)
      if (called === undefined) return
      this.#called.delete(id)
      const ms = until(result) - called
      this.waits.push({ called, ms })
      this.#waiting.get(id)?.(ms)
      this.#waiting.delete(id)
    })
  }

  async submit(payload: object): Promise<number> {
    this.#submitting += 1
    const called = now()
    const { id } = await this.#enqueuer.enqueue(this.#kind, payload)
    this.#submitting -= 1
    this.#called.set(id, called)
    return id
  }

  /** Submits one job; resolves to its wait in ms. */
  async once(payload: object): Promise<number> {
    const id = await this.submit(payload)
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** Resolves when all jobs have completed, or after 5 s: the others have waited until then. */
  async ended(): Promise<void> {
    const end = now() + PATIENCE
    while (this.#submitting + this.#called.size > 0 && now() < end) await sleep(10)
    for (const called of this.#called.values()) this.waits.push({ called, ms: now() - called })
    this.#called.clear()
  }

  p99(of: (wait: Wait) => boolean = () => true): number {
    const waits = this.waits.filter(of).map(({ ms }) => ms)
    return quantile(waits, 0.99)
  }
}
