import type { ClaimedJob, EnqueueResult, NewJob } from '../job/job.ts'
import type { Move } from '../job/outcome.ts'
import type { DeliveryPruner, WebhookReader } from './deliveries.ts'
import type { Inspection } from './inspection.ts'
import type { Membership } from './membership.ts'
import type { QueueClock } from './timeline.ts'
import type { Turn, TurnResult } from './turn.ts'

/** What a producer needs of a store. */
export interface JobStore {
  /** The time of the queue. @default the wall clock's */
  readonly clock?: QueueClock
  /** Writes one job, or folds it into the one that holds its dedupe key. Resolves after the commit. */
  enqueue(job: NewJob, now: number): Promise<EnqueueResult>
}

/** What a consumer needs of a store, one job at a time. The coordinator uses {@link Store.turn}. */
export interface RunStore {
  /** Claims the first due job; undefined when none is due. */
  claim(now: number): Promise<ClaimedJob | undefined>
  /** Ends a claim well. False when the claim is no longer the caller's. */
  complete(job: ClaimedJob, now: number): Promise<boolean>
  /** Ends a claim otherwise. False when the claim is no longer the caller's. */
  fail(job: ClaimedJob, move: Move, now: number): Promise<boolean>
}

/**
 * The port of the queue: whole transactions, each of which happens entirely or not at all. `now`
 * is always passed in, as a moment of the queue's {@link QueueStore.clock}, and never goes back.
 */
export interface QueueStore {
  readonly clock: QueueClock
  /** Milliseconds for which a turn may hold the event loop of the host: what is more waits for the next. */
  readonly turnTarget: number
  /**
   * The hot path: settles, then commands, then enqueues, then claims, in one transaction. A new job
   * that nothing comes before may be claimed with its writing.
   *
   * An ending, a command or a submission that the store cannot write is set aside by itself: a job
   * whose ending cannot be written is dead, and its {@link SettleResult.setAside} says why.
   */
  turn(turn: Turn): Promise<TurnResult>
  /**
   * Calls back soon after another connection has written; returns the way to end that.
   *
   * @param onClose called once when this store is to be closed, which waits for what it returns
   */
  watch(onWrite: () => void, onClose?: () => Promise<unknown>): () => void
}

/** All that a runtime needs of a store. Each part of the runtime takes the port that it needs. */
export interface Store extends QueueStore, Membership, Inspection, DeliveryPruner, WebhookReader {
  /**
   * Enqueues in a transaction that the host has open on a connection of its own. Each store says
   * what such a connection is, and whether it answers at once.
   */
  enqueueIn(connection: never, job: NewJob, now: number): EnqueueResult | Promise<EnqueueResult>
  close(): Promise<void>
}
