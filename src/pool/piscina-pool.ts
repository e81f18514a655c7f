import { MessagePort } from 'node:worker_threads'
import type { ClaimedJob } from '../job/job.ts'
import { LOG_LEVELS, type ThreadMessage } from '../job/task.ts'
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

  #onMessage(thread: WorkerThread, received: unknown): void {
    const message = threadMessage(received)
    switch (message?.helve) {
      case 'progress': {
        const job = thread.find(message.id)
        if (job) this.#listener.progress(job, message.value)
        return
      }
      case 'log': {
        const { id, level, fields } = message
        const own = { thread: thread.id, ...(id === null ? {} : { job: id }) }
        return this.#listener.log(level, { ...own, ...parsed(fields) }, message.message)
      }
      case 'webhook':
        void this.#answer(message.id, message.reply)
    }
  }

  async #answer(id: number, reply: MessagePort): Promise<void> {
    try {
      reply.postMessage({ webhook: await this.#getWebhook(id) })
    } catch (error) {
      reply.postMessage({ error: String(error) })
    }
  }
}

/** Handlers can post here as well, and anything: only what is whole is let through. */
function threadMessage(received: unknown): ThreadMessage | undefined {
  const message = received as ThreadMessage
  switch (read(received, 'helve')) {
    case 'progress':
      return message
    case 'log': {
      const { level, fields, message: text } = message as Extract<ThreadMessage, { helve: 'log' }>
      const strings = typeof level === 'string' && typeof fields === 'string'
      if (!strings || typeof text !== 'string') return undefined
      return Object.hasOwn(LOG_LEVELS, level) ? message : undefined
    }
    case 'webhook': {
      const { id, reply } = message as Extract<ThreadMessage, { helve: 'webhook' }>
      return typeof id === 'number' && reply instanceof MessagePort ? message : undefined
    }
    default:
      return undefined
  }
}

function parsed(json: string): object {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
