import type { ClaimedJob } from '../job/job.ts'
import { LOG_LEVELS, type LogLevel, type ThreadMessage } from '../job/task.ts'
import { read } from '../job/errors.ts'
import type { Webhook } from '../job/delivery.ts'
import type { Pool, PoolListener, Terms } from './pool.ts'
import { WorkerThread, type ThreadListener, type ThreadOptions } from './worker-thread.ts'

/** Threads beyond the lane's own in which jobs with crashes run, each alone. */
const SOLITARY_THREADS = 2

/** A lane of worker threads. */
export class PiscinaPool implements Pool {
  readonly #options: ThreadOptions
  readonly #listener: PoolListener
  readonly #getWebhook: (id: number) => Promise<Webhook | undefined>
  readonly #threads: WorkerThread[] = []
  /** Threads of a lane that shrank: they finish what they run, and end. */
  readonly #leaving = new Set<WorkerThread>()
  /** Jobs with crashes, which have to run alone, and the threads that they run in. */
  readonly #solitary: { job: ClaimedJob; terms: Terms }[] = []
  readonly #cells = new Set<WorkerThread>()

  constructor(
    options: ThreadOptions,
    threads: number,
    listener: PoolListener,
    getWebhook: (id: number) => Promise<Webhook | undefined>,
  ) {
    this.#options = options
    this.#listener = listener
    this.#getWebhook = getWebhook
    this.resize(threads)
  }

  get free(): number {
    let free = -this.#solitary.length
    for (const thread of this.#threads) free += thread.free
    return Math.max(0, free)
  }

  start(job: ClaimedJob, terms: Terms): void {
    if (job.crashes > 0 && this.#options.concurrency > 1) {
      this.#solitary.push({ job, terms })
      this.#fillCells()
      return
    }
    const [first, ...others] = this.#threads
    if (first === undefined) throw new Error('a lane without threads')
    others.reduce((best, next) => (next.free > best.free ? next : best), first).start(job, terms)
  }

  interrupt(): void {
    for (const { job } of this.#solitary.splice(0)) {
      this.#listener.settled(job, { type: 'released', reason: 'the runtime stopped' })
    }
    for (const thread of this.#all()) thread.interrupt()
  }

  resize(threads: number): void {
    while (this.#threads.length < threads) this.#threads.push(this.#thread(this.#options))
    for (const thread of this.#threads.splice(threads)) {
      this.#leaving.add(thread)
      this.#leave(thread)
    }
    this.#listener.roomier()
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((thread) => thread.close()))
  }

  #all(): WorkerThread[] {
    return [...this.#threads, ...this.#leaving, ...this.#cells]
  }

  #thread(options: ThreadOptions): WorkerThread {
    return new WorkerThread(options, this.#threadListener)
  }

  readonly #threadListener: ThreadListener = {
    settled: (thread, job, outcome) => {
      this.#leave(thread)
      if (this.#cells.delete(thread)) {
        void thread.close()
        this.#fillCells()
      }
      this.#listener.settled(job, outcome)
    },
    message: (thread, message) => this.#onMessage(thread, message),
    up: (thread) => {
      this.#listener.threadUp(thread.id)
      this.#listener.roomier()
    },
    down: (thread, reason) => this.#listener.threadDown(thread.id, reason),
    stuck: (job, reason) => this.#listener.stuck(job, reason),
  }

  #leave(thread: WorkerThread): void {
    if (thread.running > 0 || !this.#leaving.delete(thread)) return
    void thread.close()
  }

  #fillCells(): void {
    while (this.#cells.size < SOLITARY_THREADS) {
      const next = this.#solitary.shift()
      if (next === undefined) return
      const cell = this.#thread({ ...this.#options, concurrency: 1 })
      this.#cells.add(cell)
      cell.start(next.job, next.terms)
    }
  }

  /** Anything may come: handlers can post here, too. */
  #onMessage(thread: WorkerThread, received: unknown): void {
    const message = received as ThreadMessage
    switch (read(message, 'helve')) {
      case 'progress': {
        const { id, value } = message as Extract<ThreadMessage, { helve: 'progress' }>
        const job = thread.find(id)
        if (job) this.#listener.progress(job, value)
        return
      }
      case 'log':
        return this.#onLog(thread, message as Extract<ThreadMessage, { helve: 'log' }>)
      case 'webhook':
        void this.#onWebhook(message as Extract<ThreadMessage, { helve: 'webhook' }>)
    }
  }

  #onLog(thread: WorkerThread, line: Extract<ThreadMessage, { helve: 'log' }>): void {
    if (!Object.hasOwn(LOG_LEVELS, line.level)) return
    const fields = { thread: thread.id, ...(line.id === null ? {} : { job: line.id }) }
    this.#listener.log(
      line.level as LogLevel,
      { ...fields, ...parsed(line.fields) },
      `${line.message}`,
    )
  }

  async #onWebhook({ id, reply }: Extract<ThreadMessage, { helve: 'webhook' }>): Promise<void> {
    try {
      reply.postMessage({ webhook: await this.#getWebhook(id) })
    } catch (error) {
      reply.postMessage({ error: String(error) })
    }
  }
}

function parsed(json: unknown): object {
  try {
    const value: unknown = JSON.parse(String(json))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
