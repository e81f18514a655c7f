import type { ClaimedJob } from '../job/job.ts'
import type { WebhookDesk } from '../job/webhook-desk.ts'
import type { Assignment } from './assignment.ts'
import { LaneThreads } from './lane-threads.ts'
import type { Pool, PoolListener, Room, Terms } from './pool.ts'
import { Releases } from './releases.ts'
import { SharedThread } from './shared-thread.ts'
import { ThreadInbox } from './thread-inbox.ts'
import type { ThreadOptions } from './thread-options.ts'
import { ThreadWatch } from './thread-watch.ts'

/** Threads beyond the lane's own in which jobs with crashes run, each alone. */
const ISOLATED_THREADS = 2
/** Most stalled threads at a time that have been replaced and have not ended. */
const REPLACED_THREADS = 4

/**
 * A lane for waiting: each thread runs many jobs side by side. With a spare, each thread takes one
 * job beyond its concurrency, of a kind that holds no slot: the lane's reserve.
 */
export class SharedPool implements Pool {
  readonly #options: ThreadOptions
  readonly #listener: PoolListener
  readonly #inbox: ThreadInbox
  readonly #releases = new Releases()
  readonly #threads = new LaneThreads<SharedThread>()
  /** Threads that leave since they have stalled. Another thread has taken the place of each. */
  readonly #replaced = new Set<SharedThread>()
  readonly #watch = new ThreadWatch()
  /** Claimed jobs that no thread has. */
  #waiting: Assignment[] = []
  /** Waiting jobs that have crashes, and the threads that run such jobs, one job at a time. */
  readonly #crashed: Assignment[] = []
  readonly #isolated = new Set<SharedThread>()
  #dispatching = false
  #closed = false

  constructor(options: ThreadOptions, threads: number, listener: PoolListener, desk: WebhookDesk) {
    this.#options = options
    this.#listener = listener
    this.#inbox = new ThreadInbox(listener, desk)
    this.resize(threads)
  }

  get free(): number {
    const free = this.#threads.own.reduce((sum, thread) => sum + this.#freeForAll(thread), 0)
    return Math.max(0, free - this.#waiting.length - this.#crashed.length)
  }

  get reserve(): number {
    if (this.#waiting.length > 0) return 0
    return this.#threads.own.reduce((sum, thread) => {
      return sum + thread.free - this.#freeForAll(thread)
    }, 0)
  }

  get problem(): string | undefined {
    return this.#threads.problem
  }

  get cause(): unknown {
    return this.#threads.cause
  }

  get isStarting(): boolean {
    return this.#threads.isStarting
  }

  ready(): Promise<void> {
    return this.#threads.ready()
  }

  get slots(): number {
    return this.#threads.own.length * this.#options.concurrency
  }

  roomFor(kind: string, most: number): Room {
    const waiting = [...this.#waiting, ...this.#crashed].filter(({ job }) => job.kind === kind)
    const held = this.#threads.held(kind) + waiting.length
    const reserve = held === 0 ? Math.min(1, this.reserve) : 0
    return { room: Math.max(0, Math.min(this.free + reserve, most - held)), reserve }
  }

  /** Jobs never share a hand-off: hand-offs run side by side. */
  cost(): number {
    return 1
  }

  start(job: ClaimedJob, terms: Terms): void {
    this.#queueOf(job).push({ job, terms })
    if (this.#dispatching) return
    this.#dispatching = true
    // In a microtask, so that jobs that are started in the same go are handed over together.
    queueMicrotask(() => {
      this.#dispatching = false
      this.#dispatch()
    })
  }

  isStalled(job: number): boolean {
    return this.#threads.all().some((thread) => thread.isStalled && thread.find(job) !== undefined)
  }

  end(job: ClaimedJob): void {
    for (const queue of [this.#waiting, this.#crashed]) {
      const at = queue.findIndex((assignment) => assignment.job === job)
      if (at === -1) continue
      queue.splice(at, 1)
      this.#listener.settled(job, { type: 'released', reason: 'it was told to end' })
      return
    }
    this.#threads.end(job)
  }

  interrupt(isLast: boolean): void {
    const waiting = [...this.#waiting.splice(0), ...this.#crashed.splice(0)]
    for (const { job } of [...waiting, ...this.#threads.revoke()]) {
      this.#listener.settled(job, { type: 'released', reason: 'the runtime stopped' })
    }
    this.#threads.interrupt(isLast)
  }

  resize(threads: number): void {
    this.#threads.resize(threads, () => this.#thread())
    this.#useRoom()
  }

  close(): Promise<boolean> {
    this.#closed = true
    this.#watch.close()
    return this.#threads.close()
  }

  #thread(capacity = this.#options.concurrency + (this.#options.spare ? 1 : 0)): SharedThread {
    const thread: SharedThread = new SharedThread(this.#options, capacity, {
      settled: (job, outcome, took) => {
        this.#listener.settled(job, this.#releases.after(job, outcome), took)
      },
      returned: (jobs) => this.#takeBack(jobs),
      freed: () => {
        this.#leave(thread)
        this.#useRoom()
      },
      message: (message) => this.#inbox.receive(thread, message),
      busy: () => this.#watch.watch(thread),
      stalled: (job, heldMs) => {
        this.#listener.threadStalled(thread.id, job, heldMs)
        this.#takeBack(thread.revoke())
        this.#replace(thread)
      },
      resumed: (heldMs) => {
        this.#listener.threadResumed(thread.id, heldMs)
        this.#useRoom()
      },
      up: (kinds) => {
        this.#listener.threadUp(thread.id, kinds)
        this.#useRoom()
        this.#leave(thread)
      },
      down: (id, reason) => this.#listener.threadDown(id, reason),
      stuck: (job, reason) => this.#listener.stuck(job, reason),
    })
    return thread
  }

  /** Puts jobs back, in their order, before the jobs that have waited less. */
  #takeBack(jobs: Assignment[]): void {
    for (const assignment of jobs.toReversed()) this.#queueOf(assignment.job).unshift(assignment)
  }

  /** A job with crashes runs beside no other job. */
  #queueOf(job: ClaimedJob): Assignment[] {
    return job.crashes > 0 ? this.#crashed : this.#waiting
  }

  /** Jobs of any kind that a thread could take. */
  #freeForAll({ takesJobs, batches }: SharedThread): number {
    return takesJobs ? Math.max(0, this.#options.concurrency - batches) : 0
  }

  /** A thread that is not one of the lane's own ends with its last job. */
  #leave(thread: SharedThread): void {
    if (!this.#threads.leave(thread)) return
    this.#isolated.delete(thread)
    if (!this.#replaced.delete(thread)) return
    const stalled = this.#threads.own.find((other) => other.isStalled)
    if (stalled) this.#replace(stalled)
  }

  /** Replaces a stalled thread: only {@link REPLACED_THREADS} at a time, as each takes memory. */
  #replace(thread: SharedThread): void {
    const { own, leaving } = this.#threads
    const place = own.indexOf(thread)
    const hasRuns = thread.hasRuns
    if (place !== -1 && !this.#closed && (this.#replaced.size < REPLACED_THREADS || !hasRuns)) {
      own[place] = this.#thread()
      this.#replaced.add(thread)
      leaving.add(thread)
    }
    // An ended job left behind what holds the thread, and no timeout would end that.
    if (!hasRuns) void thread.close()
    this.#useRoom()
  }

  #useRoom(): void {
    this.#dispatch()
    this.#listener.roomier()
  }

  /** Gives the waiting jobs to threads that have room. */
  #dispatch(): void {
    this.#isolate()
    const waiting = this.#waiting.splice(0)
    for (const assignment of waiting) {
      const thread = this.#threadFor(assignment)
      if (thread) thread.start(assignment)
      else this.#waiting.push(assignment)
    }
  }

  /** The thread with the most free slots, if it takes a job of this kind. */
  #threadFor({ job: { kind } }: Assignment): SharedThread | undefined {
    const [thread] = this.#threads.own.toSorted((a, b) => b.free - a.free)
    if (thread === undefined || thread.free === 0) return undefined
    const isOpen = this.#freeForAll(thread) > 0 || this.#threads.held(kind) === 0
    return isOpen ? thread : undefined
  }

  /** Starts jobs with crashes, each in a thread that has no other job. */
  #isolate(): void {
    for (const thread of this.#isolated) {
      const next = thread.free > 0 ? this.#crashed.shift() : undefined
      if (next) thread.start(next)
    }
    const booting = [...this.#isolated].filter(({ batches }) => batches === 0).length
    const wanted = Math.min(this.#crashed.length - booting, ISOLATED_THREADS - this.#isolated.size)
    for (let n = 0; n < wanted; n += 1) {
      const thread = this.#thread(1)
      this.#threads.leaving.add(thread)
      this.#isolated.add(thread)
    }
  }
}
