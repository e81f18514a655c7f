import { MessagePort } from 'node:worker_threads'
import type { ClaimedJob } from '../job/job.ts'
import { LOG_LEVELS, type ThreadMessage } from '../job/task.ts'
import { read } from '../job/errors.ts'
import type { Webhook } from '../job/delivery.ts'
import type { Pool, PoolListener, Terms } from './pool.ts'
import type { HandOff } from './hand-off.ts'
import { Pace } from './pace.ts'
import { pack } from './packing.ts'
import { OVERDUE, WorkerThread, type ThreadListener, type ThreadOptions } from './worker-thread.ts'

/** Threads beyond the lane's own in which jobs with crashes run, each alone. */
const SOLITARY_THREADS = 2

/**
 * A lane of worker threads.
 *
 * ```
 *   start ──▶ waiting ──pack──▶ hand-off ──▶ thread ──report──▶ settled
 *                ▲                             │
 *                └── taken back: not started, and its batch is over its time
 * ```
 */
export class PiscinaPool implements Pool {
  readonly #options: ThreadOptions
  readonly #listener: PoolListener
  readonly #getWebhook: (id: number) => Promise<Webhook | undefined>
  readonly #pace = new Pace()
  readonly #threads: WorkerThread[] = []
  /** Threads that finish what they run, and end: of a lane that shrank, and those for one job. */
  readonly #extra = new Set<WorkerThread>()
  /** Claimed jobs that no thread has. */
  #waiting: HandOff[] = []
  /** Of a lane whose threads take several hand-offs at once: jobs with crashes, and their threads. */
  readonly #solitary: HandOff[] = []
  readonly #cells = new Set<WorkerThread>()
  #dispatching = false
  #overdueTimer: NodeJS.Timeout | undefined

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
    for (const thread of this.#threads) free += thread.free + thread.roomBehind
    for (const handOff of this.#waiting) free -= this.#costOf(handOff)
    return Math.max(0, free)
  }

  /** Where a thread takes several hand-offs at once, they run side by side and are not shared. */
  cost(kind: string): number {
    return this.#options.concurrency > 1 ? 1 : this.#pace.cost(kind)
  }

  start(job: ClaimedJob, terms: Terms): void {
    const solitary = job.crashes > 0 && this.#options.concurrency > 1
    const handOff = { job, terms, deaths: 0 }
    if (solitary) this.#solitary.push(handOff)
    else this.#waiting.push(handOff)
    if (this.#dispatching) return
    this.#dispatching = true
    // With all that is started in the same go.
    queueMicrotask(() => {
      this.#dispatching = false
      this.#dispatch()
    })
  }

  interrupt(): void {
    const unstarted = [...this.#waiting.splice(0), ...this.#solitary.splice(0)]
    for (const thread of this.#all()) unstarted.push(...thread.revoke())
    for (const { job } of unstarted) {
      this.#listener.settled(job, { type: 'released', reason: 'the runtime stopped' })
    }
    for (const thread of this.#all()) thread.interrupt()
  }

  resize(threads: number): void {
    while (this.#threads.length < threads) this.#threads.push(this.#thread(this.#options))
    for (const thread of this.#threads.splice(threads)) {
      this.#extra.add(thread)
      this.#leave(thread)
    }
    this.#dispatch()
    this.#listener.roomier()
  }

  async close(): Promise<void> {
    clearTimeout(this.#overdueTimer)
    await Promise.all(this.#all().map((thread) => thread.close()))
  }

  #all(): WorkerThread[] {
    return [...this.#threads, ...this.#extra]
  }

  #thread(options: ThreadOptions): WorkerThread {
    return new WorkerThread(options, this.#onThread)
  }

  #costOf({ job, terms }: HandOff): number {
    return terms.alone ? 1 : this.cost(job.kind)
  }

  readonly #onThread: ThreadListener = {
    settled: (job, outcome, took) => {
      if (took !== undefined) this.#pace.measured(job.kind, took)
      else if (outcome.type === 'lost') this.#pace.forget(job.kind)
      this.#listener.settled(job, outcome)
    },
    returned: (jobs) => void this.#waiting.unshift(...jobs),
    freed: (thread) => {
      this.#leave(thread)
      this.#dispatch()
      this.#listener.roomier()
    },
    message: (thread, message) => this.#onMessage(thread, message),
    up: (thread) => this.#listener.threadUp(thread),
    down: (thread, reason) => this.#listener.threadDown(thread, reason),
    stuck: (job, reason) => this.#listener.stuck(job, reason),
  }

  /** A thread that is not one of the lane's own ends with its last job. */
  #leave(thread: WorkerThread): void {
    if (thread.batches > 0 || this.#threads.includes(thread)) return
    this.#cells.delete(thread)
    void thread.close().then(() => this.#extra.delete(thread))
    this.#fillCells()
  }

  /** Gives what is waiting to the threads that are free. */
  #dispatch(): void {
    this.#fillCells()
    this.#takeBackOverdue()
    if (this.#waiting.length === 0) return
    // The least busy first; a thread that takes several hand-offs is there several times.
    const free = this.#threads
      .flatMap((thread) => Array.from({ length: thread.free }, () => thread))
      .sort((a, b) => a.batches - b.batches)
    this.#hand(this.#waiting, free, () => 1)
    // Short jobs need not wait for the main thread to hear that a thread is through.
    const short = this.#waiting.filter((handOff) => this.#costOf(handOff) < 1)
    const soon = this.#threads.filter((thread) => thread.roomBehind > 0)
    this.#hand(short, soon, (thread) => thread.roomBehind)
    if (this.#threads.some((thread) => thread.hasWaiting)) this.#watchOverdue()
  }

  #hand(jobs: HandOff[], threads: WorkerThread[], room: (thread: WorkerThread) => number): void {
    const handed = new Set<HandOff>()
    const packets = pack(jobs, threads.map(room), (handOff) => this.#costOf(handOff))
    packets.forEach((packet, i) => {
      threads[i]!.start(packet)
      for (const handOff of packet.handOffs) handed.add(handOff)
    })
    this.#waiting = this.#waiting.filter((handOff) => !handed.has(handOff))
  }

  #fillCells(): void {
    while (this.#cells.size < SOLITARY_THREADS) {
      const next = this.#solitary.shift()
      if (next === undefined) return
      const cell = this.#thread({ ...this.#options, concurrency: 1 })
      this.#extra.add(cell)
      this.#cells.add(cell)
      cell.start({ handOffs: [next], cost: Infinity })
    }
  }

  /** While a thread is free, no job waits behind one that turned out to be slow. */
  #takeBackOverdue(): void {
    if (this.#waiting.length > 0) return
    for (const thread of this.#all()) {
      const elsewhere = this.#threads.some((other) => other !== thread && other.free > 0)
      if (elsewhere && thread.isHeldUp) this.#waiting.push(...thread.revoke())
    }
  }

  #watchOverdue(): void {
    this.#overdueTimer ??= setTimeout(() => {
      this.#overdueTimer = undefined
      this.#dispatch()
      if (this.#threads.some((thread) => thread.hasWaiting)) this.#watchOverdue()
    }, OVERDUE).unref()
  }

  #onMessage(thread: WorkerThread, received: unknown): void {
    const message = threadMessage(received)
    switch (message?.helve) {
      case 'reports':
        return thread.report(message.reports, message.last)
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
    case 'reports': {
      const { reports } = message as Extract<ThreadMessage, { helve: 'reports' }>
      return Array.isArray(reports) && reports.every(isReport) ? message : undefined
    }
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

/** A slot can be looked up; whether the rest is true, its token says. */
function isReport(report: unknown): boolean {
  return Number.isInteger(read(report, 'slot'))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function parsed(json: string): object {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? (value as object) : {}
  } catch {
    return {}
  }
}
