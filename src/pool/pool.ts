import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { LogLevel } from '../thread/protocol.ts'

/** The port of a lane: it runs claimed jobs, and tells what each run came to. */
export interface Pool {
  /** Hand-offs that it could take now, of any kind. */
  readonly free: number
  /** Hand-offs beyond {@link free} that it could take of kinds that hold nothing of it. */
  readonly reserve: number
  /** Hand-offs that it works at at once. */
  readonly slots: number
  /** Why none of its threads can be started; undefined unless that is so. */
  readonly problem: string | undefined
  /** The error behind {@link problem}, if one is known. */
  readonly cause: unknown
  /** Resolves once each thread is up, or could not be started. */
  ready(): Promise<void>
  /** What a kind may take that may hold so many slots at a time. */
  roomFor(kind: string, most: number): Room
  /** What a job of this kind takes up of a hand-off: 1, or less if several share one. */
  cost(kind: string): number
  /** Takes a job; what is started at once must not cost more than there is room for. */
  start(job: ClaimedJob, terms: Terms): void
  /** Ends one job, first by its signal and then by force: `released`, unless it completes. */
  end(job: ClaimedJob): void
  /**
   * Ends everything that still runs, first by its signal and then by force: `released`.
   *
   * @param isLast whether nothing will be started any more
   */
  interrupt(isLast: boolean): void
  /** Whether the job with this id is on a thread that is stalled. */
  isStalled(job: number): boolean
  /** Changes the number of threads; what runs is not interrupted. */
  resize(threads: number): void
  /** Ends the threads. Resolves to whether all have exited: one may be inside native code. */
  close(): Promise<boolean>
}

/** What a kind may take of a lane, in hand-offs. */
export interface Room {
  /** In all. */
  room: number
  /** Of that, what may be of {@link Pool.reserve}: 0 for a kind that holds something of the lane. */
  reserve: number
}

/** What the kind's policy and the job itself say of a run. */
export interface Terms {
  maxAttempts: number
  /** Milliseconds. */
  timeout: number
  /** Milliseconds between abort and kill. */
  grace: number
  /** Shares its hand-off with no other job. */
  alone: boolean
  /** Slots of the lane that jobs of its kind may hold at a time. */
  most: number
}

/** What a pool tells. Exactly one `settled` follows every `start`, once the run has stopped. */
export interface PoolListener {
  /** @param took milliseconds that the run took; undefined when nobody has measured them */
  settled(job: ClaimedJob, outcome: Outcome, took?: number): void
  /** There is room again that no settling announced. */
  roomier(): void
  progress(job: ClaimedJob, value: unknown): void
  log(level: LogLevel, fields: object, message: string): void
  /** @param kinds those of its handlers module, if it says so */
  threadUp(thread: number, kinds: readonly string[] | undefined): void
  threadDown(thread: number, reason: string): void
  /**
   * The event loop of a thread that runs several jobs at once has not turned for `heldMs`.
   *
   * @param job the one whose code holds it; undefined when it is nobody's
   */
  threadStalled(thread: number, job: ClaimedJob | undefined, heldMs: number): void
  /** It turns again, after `heldMs`. */
  threadResumed(thread: number, heldMs: number): void
  /** A run that was to end goes on, and nothing can stop it: it keeps its slot and its key. */
  stuck(job: ClaimedJob, reason: string): void
}
