import type { JobState } from '../../job/job.ts'
import { NEVER } from '../../job/limits.ts'
import { queueKey } from '../claiming/queue-set.ts'
import type { Queue } from '../admission.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'

interface Change extends Queue {
  queued: number
  running: number
  dead: number
  /** The bound of the next due time; null while only an event can free the queue. */
  ready: number | null
  /** Whether `ready` is the queue's new bound. If not, one more job is due at `ready`. */
  isBound: boolean
}

/**
 * Sums up the changes that a transaction makes to the queues, so that a turn of a thousand jobs
 * writes a handful of rows.
 */
export class QueueChanges {
  readonly #changes = new Map<string, Change>()
  /** The change used last: the next job is mostly of the same kind and priority. */
  #newest: Change | undefined

  add(state: JobState, kind: string, priority: number, jobs: number): void {
    this.#of(kind, priority)[state] += jobs
  }

  move(from: JobState, to: JobState, kind: string, priority: number): void {
    const change = this.#of(kind, priority)
    change[from] -= 1
    change[to] += 1
  }

  /** A job of the queue is due at `at`. */
  join({ kind, priority }: Queue, at: number): void {
    const change = this.#of(kind, priority)
    if (change.ready !== null && at < change.ready) change.ready = at
  }

  /** Sets the bound that a look at the queue has found; null while only an event can free it. */
  bound({ kind, priority }: Queue, at: number | null): void {
    const change = this.#of(kind, priority)
    change.ready = at === null ? null : Math.min(at, NEVER)
    change.isBound = true
  }

  /** Queues that a due job has joined. */
  due(now: number): Queue[] {
    const joined = [...this.#changes.values()].filter(({ ready }) => ready !== null && ready <= now)
    return joined.map(({ kind, priority }) => ({ kind, priority }))
  }

  flush(statements: EnqueueStatements): void {
    for (const change of this.#changes.values()) {
      const { kind, priority, queued, running, dead, ready, isBound } = change
      if (queued === 0 && running === 0 && dead === 0 && ready === NEVER && !isBound) continue
      statements.queue.run(kind, priority, queued, running, dead, ready, Number(isBound))
      const isFewer = queued <= 0 && running <= 0 && dead <= 0
      if (isFewer) statements.forgetQueue.run(kind, priority)
    }
    this.clear()
  }

  merge(other: QueueChanges): void {
    for (const change of other.#changes.values()) {
      const { kind, priority, queued, running, dead, ready, isBound } = change
      const own = this.#of(kind, priority)
      own.queued += queued
      own.running += running
      own.dead += dead
      if (isBound) this.bound(change, ready)
      else if (ready !== null) this.join(change, ready)
    }
  }

  clear(): void {
    this.#changes.clear()
    this.#newest = undefined
  }

  #of(kind: string, priority: number): Change {
    const newest = this.#newest
    if (newest?.kind === kind && newest.priority === priority) return newest
    const key = queueKey({ kind, priority })
    let change = this.#changes.get(key)
    if (change === undefined) {
      change = {
        ...{ kind, priority, queued: 0, running: 0, dead: 0 },
        ...{ ready: NEVER, isBound: false },
      }
      this.#changes.set(key, change)
    }
    this.#newest = change
    return change
  }
}
