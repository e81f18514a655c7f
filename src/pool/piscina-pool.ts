import type { MessagePort } from 'node:worker_threads'
import type { ClaimedJob } from '../job/job.ts'
import type { Webhook } from '../job/delivery.ts'
import type { Pool, PoolListener, Terms } from './pool.ts'
import type { HandOff } from './hand-off.ts'
import { RunTimeEstimates } from './run-time-estimates.ts'
import { pack, type Candidate } from './packing.ts'
import { StallWatch } from './stall-watch.ts'
import type { ThreadListener } from './thread-listener.ts'
import { fieldsOf, threadMessage } from './thread-messages.ts'
import type { ThreadOptions } from './thread-options.ts'
import { OVERDUE, WorkerThread } from './worker-thread.ts'

/** Threads beyond the lane's own in which jobs with crashes run, each alone. */
const SOLITARY_THREADS = 2
/** Stalled threads that have been replaced, and have not ended, at a time. */
const REPLACED_THREADS = 4

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
  readonly #estimates = new RunTimeEstimates()
  readonly #threads: WorkerThread[] = []
  /** Threads that finish what they run, and end: too many, for one job only, or replaced. */
  readonly #extra = new Set<WorkerThread>()
  /** Those of them in whose place there is another one, since they had stalled. */
  readonly #replaced = new Set<WorkerThread>()
  readonly #stallWatch = new StallWatch()
  /** Claimed jobs that no thread has. */
  #waiting: HandOff[] = []
  /** Of a lane whose threads take several hand-offs at once: jobs with crashes, and their threads. */
  readonly #solitary: HandOff[] = []
  readonly #cells = new Set<WorkerThread>()
  #dispatching = false
  #closed = false
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
    // What its kind keeps back takes no room from others.
    for (const handOff of this.#waiting) {
      if (this.#isShared || this.#mayHoldAnother(handOff)) free -= this.#costOf(handOff)
    }
    return Math.max(0, free)
  }

  get problem(): string | undefined {
    const problems = this.#threads.map((thread) => thread.problem)
    return problems.every((problem) => problem !== undefined) ? problems[0] : undefined
  }

  async ready(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ready()))
  }

  get slots(): number {
    return this.#threads.length * this.#options.concurrency
  }

  roomFor(kind: string, most: number): number {
    const waiting = [...this.#waiting, ...this.#solitary].filter(({ job }) => job.kind === kind)
    if (this.#isShared) {
      const held = this.#all().reduce((sum, thread) => sum + thread.held(kind), waiting.length)
      return Math.max(0, Math.min(this.free, most - held))
    }
    // On threads that have the kind there is room for more of it; others are new ones to it.
    const [has, others] = [[] as number[], [] as number[]]
    for (const thread of this.#threads) {
      const room = thread.free + thread.roomBehind
      if (thread.held(kind) > 0) has.push(room)
      else others.push(room)
    }
    const left = most - this.#holders(kind)
    others.sort((a, b) => b - a).splice(Math.max(0, left))
    const taken = waiting.reduce((sum, handOff) => sum + this.#costOf(handOff), 0)
    return Math.max(0, [...has, ...others].reduce((sum, room) => sum + room, 0) - taken)
  }

  /** Threads that have jobs of a kind, those that leave included. */
  #holders(kind: string): number {
    return this.#all().filter((thread) => thread.held(kind) > 0).length
  }

  get #isShared(): boolean {
    return this.#options.concurrency > 1
  }

  /** Where a thread takes several hand-offs at once, they run side by side and are not shared. */
  cost(kind: string): number {
    return this.#isShared ? 1 : this.#estimates.cost(kind)
  }

  start(job: ClaimedJob, terms: Terms): void {
    const queue = this.#isSolitary(job) ? this.#solitary : this.#waiting
    queue.push({ job, terms })
    if (this.#dispatching) return
    this.#dispatching = true
    // With all that is started in the same go.
    queueMicrotask(() => {
      this.#dispatching = false
      this.#dispatch()
    })
  }

  isStalled(job: number): boolean {
    return this.#all().some((thread) => thread.isStalled && thread.find(job) !== undefined)
  }

  end(job: ClaimedJob): void {
    for (const queue of [this.#waiting, this.#solitary]) {
      const at = queue.findIndex((handOff) => handOff.job === job)
      if (at === -1) continue
      queue.splice(at, 1)
      this.#listener.settled(job, { type: 'released', reason: 'it was told to end' })
      return
    }
    this.#all().some((thread) => thread.end(job))
  }

  interrupt(isLast: boolean): void {
    const unstarted = [...this.#waiting.splice(0), ...this.#solitary.splice(0)]
    for (const thread of this.#all()) unstarted.push(...thread.revoke())
    for (const { job } of unstarted) {
      this.#listener.settled(job, { type: 'released', reason: 'the runtime stopped' })
    }
    for (const thread of this.#all()) thread.interrupt(isLast)
  }

  resize(threads: number): void {
    while (this.#threads.length < threads) this.#threads.push(this.#thread(this.#options))
    for (const thread of this.#threads.splice(threads)) {
      this.#extra.add(thread)
      this.#leave(thread)
    }
    this.#useRoom()
  }

  async close(): Promise<boolean> {
    this.#closed = true
    clearTimeout(this.#overdueTimer)
    this.#stallWatch.close()
    const exited = await Promise.all(this.#all().map((thread) => thread.close()))
    return exited.every(Boolean)
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
      if (took !== undefined) this.#estimates.measured(job.kind, took)
      else if (outcome.type === 'lost') this.#estimates.forget(job.kind)
      this.#listener.settled(job, outcome)
    },
    returned: (jobs) => {
      this.#solitary.unshift(...jobs.filter(({ job }) => this.#isSolitary(job)))
      this.#waiting.unshift(...jobs.filter(({ job }) => !this.#isSolitary(job)))
    },
    freed: (thread) => {
      this.#leave(thread)
      this.#useRoom()
    },
    message: (thread, message) => this.#onMessage(thread, message),
    busy: (thread) => this.#stallWatch.watch(thread),
    stalled: (thread, job, heldMs) => {
      this.#listener.threadStalled(thread.id, job, heldMs)
      this.#waiting.unshift(...thread.revoke())
      this.#replace(thread)
    },
    resumed: (thread, heldMs) => {
      this.#listener.threadResumed(thread.id, heldMs)
      this.#useRoom()
    },
    up: (thread) => {
      this.#listener.threadUp(thread.id)
      this.#useRoom()
      this.#leave(thread)
    },
    down: (thread, reason) => this.#listener.threadDown(thread, reason),
    stuck: (job, reason) => this.#listener.stuck(job, reason),
  }

  /** A thread that is not one of the lane's own ends with its last job. */
  #leave(thread: WorkerThread): void {
    if (thread.batches > 0 || this.#threads.includes(thread)) return
    this.#cells.delete(thread)
    void thread.close().then(() => this.#extra.delete(thread))
    if (!this.#replaced.delete(thread)) return
    const stalled = this.#threads.find((other) => other.isStalled)
    if (stalled) this.#replace(stalled)
  }

  /** Puts another thread in the place of a stalled one: only so many, since each takes memory. */
  #replace(thread: WorkerThread): void {
    const place = this.#threads.indexOf(thread)
    const hasRuns = thread.hasRuns
    if (place !== -1 && !this.#closed && (this.#replaced.size < REPLACED_THREADS || !hasRuns)) {
      this.#threads[place] = this.#thread(this.#options)
      this.#replaced.add(thread)
      this.#extra.add(thread)
    }
    // What an ended job has left behind has no timeout that would end it.
    if (!hasRuns) void thread.close()
    this.#useRoom()
  }

  #useRoom(): void {
    this.#dispatch()
    this.#listener.roomier()
  }

  /** Gives what is waiting to the threads that are free. */
  #dispatch(): void {
    this.#fillCells()
    this.#takeBackOverdue()
    if (this.#waiting.length === 0) return
    if (this.#isShared) this.#spread()
    else this.#pack()
    if (this.#threads.some((thread) => thread.hasWaiting)) this.#watchOverdue()
  }

  /** Each job to the thread that has the fewest. */
  #spread(): void {
    const waiting = this.#waiting.splice(0)
    for (const [at, handOff] of waiting.entries()) {
      const [thread] = this.#threads.toSorted((a, b) => b.free - a.free)
      if (thread === undefined || thread.free === 0) {
        this.#waiting.push(...waiting.slice(at))
        return
      }
      thread.start({ handOffs: [handOff], cost: Infinity })
    }
  }

  #pack(): void {
    const candidates = this.#threads.map((thread): Candidate => {
      const isIdle = thread.free > 0
      return { isIdle, room: isIdle ? 1 : Math.min(1, thread.roomBehind), kinds: thread.kinds }
    })
    const packets = pack(this.#waiting, candidates, (handOff) => this.#costOf(handOff))
    const handed = new Set(packets.flatMap((packet) => packet?.handOffs ?? []))
    this.#waiting = this.#waiting.filter((handOff) => !handed.has(handOff))
    packets.forEach((packet, at) => packet && this.#threads[at]!.start(packet))
  }

  /** A job with crashes runs beside no other. */
  #isSolitary(job: ClaimedJob): boolean {
    return this.#isShared && job.crashes > 0
  }

  #fillCells(): void {
    for (const cell of this.#cells) {
      const next = cell.free > 0 ? this.#solitary.shift() : undefined
      if (next) cell.start({ handOffs: [next], cost: Infinity })
    }
    const booting = [...this.#cells].filter(({ batches }) => batches === 0).length
    const wanted = Math.min(this.#solitary.length - booting, SOLITARY_THREADS - this.#cells.size)
    for (let n = 0; n < wanted; n += 1) {
      const cell = this.#thread({ ...this.#options, concurrency: 1 })
      this.#extra.add(cell)
      this.#cells.add(cell)
    }
  }

  /** While a thread is free, no job waits behind a slow one that may run there. */
  #takeBackOverdue(): void {
    if (this.#isShared || this.#waiting.some((handOff) => this.#mayHoldAnother(handOff))) return
    for (const thread of this.#all()) {
      const free = this.#threads.some((other) => other !== thread && other.free > 0)
      if (free && thread.isHeldUp) this.#waiting.push(...this.#takeBack(thread))
    }
  }

  /** A kind stays at a thread only if it is at work there. */
  #takeBack(thread: WorkerThread): HandOff[] {
    const stay = thread.kindsAtWork
    return thread.revoke(({ job: { kind }, terms }) => {
      return this.#holders(kind) - (stay.has(kind) ? 0 : 1) < terms.most
    })
  }

  #mayHoldAnother({ job, terms }: HandOff): boolean {
    return this.#holders(job.kind) < terms.most
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
        return this.#listener.log(level, { ...own, ...fieldsOf(fields) }, message.message)
      }
      case 'webhook':
        void this.#answer(message.id, message.reply)
        return
      case 'child':
        thread.child(message)
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
