import type { Held } from '../job/endpoint.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { LogLevel } from '../thread/protocol.ts'

/** The port of a lane. A pool runs claimed jobs, and tells the outcome of each run. */
export interface Pool {
  /** Hand-offs that the pool could take now, of any kind. */
  readonly free: number
  /** Hand-offs beyond {@link free} that the pool takes only of kinds that hold nothing of it. */
  readonly reserve: number
  /** Hand-offs that the pool works on at a time. */
  readonly slots: number
  /** Why none of the pool's threads can be started; otherwise undefined. */
  readonly problem: string | undefined
  /** The error behind {@link problem}, if one is known. */
  readonly cause: unknown
  /** Whether one of its threads is being started, so that there will be more room. */
  readonly isStarting: boolean
  /** Resolves once each thread is up, or could not be started. */
  ready(): Promise<void>
  /** What a kind may take of the lane, if its jobs may hold `most` slots at a time. */
  roomFor(kind: string, most: number): Room
  /** The share of a hand-off that a job of this kind takes up: less than 1 if jobs share one. */
  cost(kind: string): number
  /** Takes a job. Jobs that are started together must not cost more than the pool has room for. */
  start(job: ClaimedJob, terms: Terms): void
  /** Ends one job, first by its signal, then by force. Unless it completes, it is `released`. */
  end(job: ClaimedJob): void
  /**
   * Ends every job that still runs, first by its signal, then by force. The job is `released`.
   *
   * @param isLast whether the pool will start no other job
   */
  interrupt(isLast: boolean): void
  /** Whether the job with this id is on a thread that is stalled. */
  isStalled(job: number): boolean
  /** Changes the number of threads, and interrupts no run. */
  resize(threads: number): void
  /** Ends the threads. Resolves to whether all have exited: native code may hold a thread. */
  close(): Promise<boolean>
}

/** What a kind may take of a lane, in hand-offs. */
export interface Room {
  /** Hand-offs in all. */
  room: number
  /** Hand-offs of {@link Pool.reserve} in `room`: 0 for a kind that holds something of the lane. */
  reserve: number
}

/** What the kind's policy and the job itself say of a run. */
export interface Terms {
  maxAttempts: number
  /** Milliseconds. */
  timeout: number
  /** Milliseconds between abort and kill. */
  grace: number
  /** Whether the job shares its hand-off with no other job. */
  alone: boolean
  /** Slots of the lane that jobs of the kind may hold at a time. */
  most: number
}

/** What a pool tells. Every `start` leads to exactly one `settled`, once the run has stopped. */
export interface PoolListener {
  /** @param took milliseconds that the run took; undefined when nobody has measured them */
  settled(job: ClaimedJob, outcome: Outcome, took?: number): void
  /** The pool has room again, though no run was settled. */
  roomier(): void
  /**
   * A run wants to enter an endpoint. Resolves to what keeps the run out; undefined for a run that is
   * in the endpoint now.
   */
  enterEndpoint(job: ClaimedJob, endpoint: string): Promise<Held | undefined>
  progress(job: ClaimedJob, value: unknown): void
  log(level: LogLevel, fields: object, message: string): void
  /** @param kinds the kinds of the handlers module; undefined if the thread does not tell them */
  threadUp(thread: number, kinds: readonly string[] | undefined): void
  threadDown(thread: number, reason: string): void
  /**
   * The event loop of a thread that runs several jobs at once has not turned for `heldMs`.
   *
   * @param job the job whose code holds the loop; undefined if no running job holds it
   */
  threadStalled(thread: number, job: ClaimedJob | undefined, heldMs: number): void
  /** The event loop of the thread turns again, after `heldMs`. */
  threadResumed(thread: number, heldMs: number): void
  /** A run that was told to end goes on. Nothing can stop it: it keeps its slot and its key. */
  stuck(job: ClaimedJob, reason: string): void
}
