import type { ClaimedJob } from '../job/job.ts'
import type { WebhookDesk } from '../job/webhook-desk.ts'
import type { Outcome } from '../job/outcome.ts'
import { after, type Timer } from '../timer.ts'
import type { Assignment } from './assignment.ts'
import { LaneThreads } from './lane-threads.ts'
import { pack, type Candidate } from './packing.ts'
import type { Pool, PoolListener, Room, Terms } from './pool.ts'
import { Releases } from './releases.ts'
import { RunTimeEstimates } from './run-time-estimates.ts'
import { OVERDUE, SerialThread } from './serial-thread.ts'
import { ThreadInbox } from './thread-inbox.ts'
import type { ThreadOptions } from './thread-options.ts'
import { ThreadWatch } from './thread-watch.ts'

/** Room of a thread that jobs can take. */
interface Place {
  thread: SerialThread
  /** Room for short jobs: at most {@link AHEAD} full hand-offs. */
  room: number
}

/**
 * A lane for computing: each thread runs one job at a time, and short jobs share hand-offs.
 *
 * ```
 *   start ──▶ waiting ──pack──▶ hand-off ──▶ thread ──report──▶ settled
 *                ▲                             │
 *                └── taken back: the job has not started, and its batch is overdue
 * ```
 *
 * The lane has one thread more than it works with at a time: the spare. The spare is no fixed
 * thread, but whichever thread has nothing to do while all other threads work. The spare is for a
 * kind that holds no thread. It also stands in for a thread that has ended, until a new one is up.
 */
export class SerialPool implements Pool {
  readonly #options: ThreadOptions
  readonly #listener: PoolListener
  readonly #inbox: ThreadInbox
  readonly #estimates = new RunTimeEstimates()
  readonly #releases = new Releases()
  readonly #threads = new LaneThreads<SerialThread>()
  readonly #watch = new ThreadWatch()
  /** Threads that work at a time, without the spare. */
  #size = 0
  /** Kinds because of which a thread has ended, and of which no run has ended by itself since. */
  readonly #deadly = new Set<string>()
  /** Claimed jobs that no thread has. */
  #waiting: Assignment[] = []
  #dispatching = false
  #overdueTimer: Timer | undefined

  constructor(options: ThreadOptions, threads: number, listener: PoolListener, desk: WebhookDesk) {
    this.#options = options
    this.#listener = listener
    this.#inbox = new ThreadInbox(listener, desk)
    this.resize(threads)
  }

  get free(): number {
    let room = this.#places().reduce((sum, place) => sum + place.room, 0)
    for (const assignment of this.#startable) {
      // A job that the limit of its kind keeps back takes no room from others.
      if (this.#mayHoldAnother(assignment)) room -= this.#costOf(assignment)
    }
    return Math.max(0, room)
  }

  get reserve(): number {
    return this.#startable.length > 0 ? 0 : this.#idle - this.#idleForAll
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
    return this.#size
  }

  roomFor(kind: string, mostThreads: number): Room {
    const waiting = this.#waiting.filter(({ job }) => job.kind === kind)
    const cost = waiting.reduce((sum, assignment) => sum + this.#costOf(assignment), 0)
    const holders = this.#threads.holders(kind)
    const reserve = holders + waiting.length === 0 ? this.reserve : 0
    // Threads that have the kind may take more of it. Each other thread counts against its limit.
    const places = this.#places()
    const has = places.filter(({ thread }) => thread.held(kind) > 0)
    const others = places.filter(({ thread }) => thread.held(kind) === 0)
    const rooms = [...others.map(({ room }) => room), reserve].sort((a, b) => b - a)
    const left = Math.max(0, mostThreads - holders)
    const all = [...has.map(({ room }) => room), ...rooms.slice(0, left)]
    const room = all.reduce((sum, one) => sum + one, 0) - cost
    const most = this.#deadly.has(kind) ? this.#deadlyRoom : Infinity
    return { room: Math.max(0, Math.min(room, most)), reserve }
  }

  cost(kind: string): number {
    return this.#deadly.has(kind) ? 1 : this.#estimates.cost(kind)
  }

  start(job: ClaimedJob, terms: Terms): void {
    this.#waiting.push({ job, terms })
    if (this.#dispatching) return
    this.#dispatching = true
    // In a microtask, so that jobs that are started in the same go are handed over together.
    queueMicrotask(() => {
      this.#dispatching = false
      this.#dispatch()
    })
  }

  /** Always false: a job runs alone on its thread, and holds up only itself. */
  isStalled(): boolean {
    return false
  }

  end(job: ClaimedJob): void {
    const at = this.#waiting.findIndex((assignment) => assignment.job === job)
    if (at === -1) return this.#threads.end(job)
    this.#waiting.splice(at, 1)
    this.#listener.settled(job, { type: 'released', reason: 'it was told to end' })
  }

  interrupt(isLast: boolean): void {
    for (const { job } of [...this.#waiting.splice(0), ...this.#threads.revoke()]) {
      this.#listener.settled(job, { type: 'released', reason: 'the runtime stopped' })
    }
    this.#threads.interrupt(isLast)
  }

  resize(threads: number): void {
    this.#size = threads
    this.#threads.resize(threads + (this.#options.spare ? 1 : 0), () => this.#thread())
    this.#useRoom()
  }

  close(): Promise<boolean> {
    this.#overdueTimer?.cancel()
    this.#watch.close()
    return this.#threads.close()
  }

  #thread(): SerialThread {
    const thread: SerialThread = new SerialThread(this.#options, {
      settled: (job, outcome, took) => {
        this.#learn(job.kind, outcome, took)
        this.#listener.settled(job, this.#releases.after(job, outcome), took)
      },
      returned: (jobs) => this.#waiting.unshift(...jobs),
      freed: () => {
        this.#threads.leave(thread)
        this.#useRoom()
      },
      message: (message) => this.#inbox.receive(thread, message),
      busy: () => this.#watch.watch(thread),
      up: (kinds) => {
        this.#listener.threadUp(thread.id, kinds)
        this.#useRoom()
        this.#threads.leave(thread)
      },
      down: (id, reason) => {
        // If no other thread can be had, deadly kinds may take the last one.
        this.#dispatch()
        this.#listener.threadDown(id, reason)
      },
      stuck: (job, reason) => this.#listener.stuck(job, reason),
    })
    return thread
  }

  /** A lost or timed-out run without a measured time has ended its thread. */
  #learn(kind: string, { type }: Outcome, took: number | undefined): void {
    if (took !== undefined) {
      this.#estimates.measured(kind, took)
      if (this.#deadly.size > 0) this.#deadly.delete(kind)
    } else if (type === 'lost' || type === 'timedOut') this.#deadly.add(kind)
    if (type === 'lost') this.#estimates.forget(kind)
  }

  /**
   * Threads that deadly kinds may still take. Together, deadly kinds leave one thread that is up to
   * the other kinds. They may take the last thread only if no other thread can be set up.
   */
  get #deadlyRoom(): number {
    const { own } = this.#threads
    const up = own.filter(({ isOpen }) => isOpen)
    const taken = up.filter(({ kinds }) => [...kinds].some((kind) => this.#deadly.has(kind)))
    const keepsOne = up.length > 1 || own.some(({ isBeingReplaced }) => isBeingReplaced)
    return Math.max(0, up.length - taken.length - Number(keepsOne))
  }

  /** Waiting jobs that threads may take: of deadly kinds only as many as these have room for. */
  get #startable(): Assignment[] {
    if (this.#deadly.size === 0) return this.#waiting
    let room = this.#deadlyRoom
    return this.#waiting.filter(({ job }) => !this.#deadly.has(job.kind) || room-- > 0)
  }

  #costOf({ job, terms }: Assignment): number {
    return terms.alone ? 1 : this.cost(job.kind)
  }

  /** How many threads have nothing to do. */
  get #idle(): number {
    let idle = 0
    for (const { free } of this.#threads.own) if (free > 0) idle += 1
    return idle
  }

  /** How many of the idle threads any kind may have. */
  get #idleForAll(): number {
    let taken = 0
    for (const { batches } of this.#threads.own) if (batches > 0) taken += 1
    return Math.max(0, Math.min(this.#idle, this.#size - taken))
  }

  /** The room that any kind may take. */
  #places(): Place[] {
    const idle = this.#threads.own.filter(({ free }) => free > 0).slice(0, this.#idleForAll)
    return [...idle.map((thread) => ({ thread, room: 1 })), ...this.#behind()]
  }

  /**
   * The room behind short jobs. While the spare works, the thread with the most room takes no more
   * jobs: it is the first to have nothing to do, and becomes the spare.
   */
  #behind(): Place[] {
    const taken = this.#threads.own.filter(({ batches }) => batches > 0)
    return taken
      .map((thread) => ({ thread, room: thread.roomBehind }))
      .sort((a, b) => b.room - a.room)
      .slice(Math.max(0, taken.length - this.#size))
  }

  #useRoom(): void {
    this.#dispatch()
    this.#listener.roomier()
  }

  /** Gives the waiting jobs to threads that have room. */
  #dispatch(): void {
    this.#takeBackOverdue()
    if (this.#waiting.length === 0) return
    this.#pack()
    if (this.#threads.own.some((thread) => thread.hasWaiting)) this.#watchOverdue()
  }

  #pack(): void {
    const behind = new Map(this.#behind().map(({ thread, room }) => [thread, room]))
    const threads = this.#threads.own
    const candidates = threads.map((thread): Candidate => {
      const isIdle = thread.free > 0
      const room = isIdle ? 1 : Math.min(1, behind.get(thread) ?? 0)
      return { isIdle, room, kinds: thread.kinds }
    })
    const cost = (assignment: Assignment): number => this.#costOf(assignment)
    const startable = this.#startable
    const { packets, left } = pack(startable, candidates, this.#idleForAll, cost)
    const heldBack = this.#waiting.filter((assignment) => !startable.includes(assignment))
    this.#waiting = [...left, ...heldBack]
    packets.forEach((packet, at) => packet && threads[at]!.start(packet))
  }

  /** Takes back jobs that wait behind a slow job, while an idle thread may run them. */
  #takeBackOverdue(): void {
    if (this.#startable.some((assignment) => this.#mayMove(assignment))) return
    if (this.#idle === 0) return
    for (const thread of this.#threads.all()) {
      // An idle spare takes only a kind that has no thread: a second kind of this thread, say.
      const mayGive = this.#idleForAll > 0 || thread.kinds.size > 1
      if (mayGive && thread.isHeldUp) this.#waiting.push(...this.#takeBack(thread))
    }
  }

  /** A kind keeps its hold of the thread only if the thread is running a job of the kind. */
  #takeBack(thread: SerialThread): Assignment[] {
    const stay = thread.kindsAtWork
    return thread.revoke((run) => this.#mayMove(run, stay.has(run.job.kind) ? 0 : 1))
  }

  /**
   * Whether an idle thread would take a job.
   *
   * @param given how many threads the kind would give up
   */
  #mayMove({ job, terms }: Assignment, given = 0): boolean {
    const holders = this.#threads.holders(job.kind) - given
    return holders < terms.most && (holders === 0 || this.#idleForAll > 0)
  }

  /** Whether the limit of its kind lets a job have another thread. */
  #mayHoldAnother({ job, terms }: Assignment): boolean {
    return this.#threads.holders(job.kind) < terms.most
  }

  #watchOverdue(): void {
    this.#overdueTimer ??= after(OVERDUE, () => {
      this.#overdueTimer = undefined
      this.#dispatch()
      if (this.#threads.own.some((thread) => thread.hasWaiting)) this.#watchOverdue()
    }).unref()
  }
}
