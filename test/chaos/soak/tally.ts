import { HelveError } from '../../../src/index.ts'
import type { LoadedRuntime } from './load.ts'
import type { Counted } from './report.ts'

/** Counts the events of a runtime, and keeps nothing that grows with the jobs. */
export class Tally {
  readonly counted: Counted = {
    acknowledged: 0,
    followUps: 0,
    created: 0,
    folded: 0,
    completed: 0,
    reruns: 0,
    retries: 0,
    lost: 0,
    snoozed: 0,
    dead: 0,
    cancelled: 0,
    revived: 0,
    removed: 0,
    threadsEnded: 0,
    processes: 0,
    putOff: 0,
  }
  readonly unexpected: string[] = []

  constructor(runtime: LoadedRuntime) {
    const { counted } = this
    runtime.on('enqueued', ({ deduped }) => (counted[deduped ? 'folded' : 'created'] += 1))
    runtime.on('completed', ({ job, result, rerun }) => {
      counted[rerun ? 'reruns' : 'completed'] += 1
      if (job.kind === 'parent') counted.followUps += result as number
    })
    runtime.on('retrying', () => (counted.retries += 1))
    runtime.on('lost', () => (counted.lost += 1))
    runtime.on('snoozed', () => (counted.snoozed += 1))
    runtime.on('dead', () => (counted.dead += 1))
    runtime.on('cancelled', () => (counted.cancelled += 1))
    runtime.on('thread:down', () => (counted.threadsEnded += 1))
    runtime.on('progress', ({ job, value }) => {
      if (job.kind === 'child') counted.processes += (value as number[]).length
    })
    runtime.on('error', ({ error, during }) => {
      const isBusy = error instanceof HelveError && error.code === 'HELVE_ERR_STORE_BUSY'
      if (isBusy) counted.putOff += 1
      else this.#mistake(`${during}: ${String(error)}`)
    })
    runtime.on('stuck', ({ job, reason }) => this.#mistake(`${job.kind} is stuck: ${reason}`))
    runtime.on('stale', ({ job }) => this.#mistake(`the end of a ${job.kind} was stale`))
  }

  /** Jobs that have come to an end. */
  get jobs(): number {
    return this.counted.completed + this.counted.dead
  }

  #mistake(what: string): void {
    this.unexpected.push(what)
  }
}
