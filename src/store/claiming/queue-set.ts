import type { Queue } from '../admission.ts'

/** Names a queue. */
export function queueKey({ kind, priority }: Queue): string {
  return `${priority} ${kind}`
}

/** Queues, each once, in the order in which they were added first. */
export class QueueSet {
  readonly #queues = new Map<string, Queue>()
  /** The queue that was added last; the next queue is mostly the same. */
  #newest: Queue | undefined

  add({ kind, priority }: Queue): void {
    const newest = this.#newest
    if (newest?.kind === kind && newest.priority === priority) return
    const queue = { kind, priority }
    const key = queueKey(queue)
    if (!this.#queues.has(key)) this.#queues.set(key, queue)
    this.#newest = queue
  }

  all(): Queue[] {
    return [...this.#queues.values()]
  }
}
