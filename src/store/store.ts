import type { ClaimedJob, EnqueueResult, NewJob } from '../job/job.ts'
import type { Move } from '../job/outcome.ts'
import type { NewPublication, Published } from '../job/publication.ts'
import type { WebhookReader } from '../job/webhook-desk.ts'
import type { DeliveryPruner } from './deliveries.ts'
import type { Inspection } from './inspection.ts'
import type { Membership } from './membership.ts'
import type { QueueClock } from './timeline.ts'
import type { Turn, TurnResult } from './turn.ts'

/** What a producer needs of a store. */
export interface JobStore {
  /** The time of the queue. @default the wall clock's */
  readonly clock?: QueueClock
  /** Writes one job, or folds it into the holder of its dedupe key. Resolves after the commit. */
  enqueue(job: NewJob, now: number): Promise<EnqueueResult>
}

/**
 * What a consumer that takes one job at a time needs of a store. The coordinator uses
 * {@link Store.turn}.
 */
export interface RunStore {
  /** Claims the first due job; undefined when none is due. */
  claim(now: number): Promise<ClaimedJob | undefined>
  /** Completes a claimed job. False when the claim is no longer the caller's. */
  complete(job: ClaimedJob, now: number): Promise<boolean>
  /** Ends a claim by the given move. False when the claim is no longer the caller's. */
  fail(job: ClaimedJob, move: Move, now: number): Promise<boolean>
}

/**
 * The port of the queue: whole transactions, each of which happens entirely or not at all. The
 * caller passes `now`, a moment of the queue's {@link QueueStore.clock}, which never goes back.
 */
export interface QueueStore {
  readonly clock: QueueClock
  /**
   * Milliseconds for which a turn may hold the event loop of the host: further work waits for the
   * next turn.
   */
  readonly turnTarget: number
  /**
   * The hot path: settles, then commands, then enqueues, then claims, in one transaction. A new job
   * may be claimed as it is written, if no other job comes before it.
   *
   * The store sets aside an ending, a command or a submission that it cannot write, and writes the
   * others. A job whose ending cannot be written is dead, and its {@link SettleResult.setAside}
   * says why.
   */
  turn(turn: Turn): Promise<TurnResult>
  /**
   * Calls back soon after another connection has written; returns a function that stops the calls.
   *
   * @param onClose called once when this store is to be closed; the close waits for the returned
   *   promise
   */
  watch(onWrite: () => void, onClose?: () => Promise<unknown>): () => void
}

/** All that a runtime needs of a store. Each part of the runtime takes the port that it needs. */
export interface Store extends QueueStore, Membership, Inspection, DeliveryPruner, WebhookReader {
  /**
   * Enqueues in a transaction that the host has open on a connection of its own. Each store says
   * what such a connection is, and whether `enqueueIn` answers at once or by a promise.
   */
  enqueueIn(connection: never, job: NewJob, now: number): EnqueueResult | Promise<EnqueueResult>
  /** As {@link enqueueIn}, for an event for webhooks. */
  publishIn(
    connection: never,
    publication: NewPublication,
    now: number,
  ): Published | Promise<Published>
  close(): Promise<void>
}
