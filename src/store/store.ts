import type { DeliveryRecord, Webhook } from '../job/delivery.ts'
import type { HelveError } from '../job/errors.ts'
import type { ClaimedJob, EnqueueResult, JobRecord, JobState, NewJob } from '../job/job.ts'
import type { Settlement } from '../job/outcome.ts'
import type { Pause, PauseTarget } from '../job/pause.ts'
import type { GroupOf, Rate } from '../job/policy.ts'

/** What a producer needs of a store. */
export interface JobStore {
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
  fail(job: ClaimedJob, settlement: Settlement, now: number): Promise<boolean>
}

/** What delivery retention needs of a store. */
export interface DeliveryPruner {
  /** Deletes delivery records that started before `before` (epoch ms); resolves to their number. */
  pruneDeliveries(before: number): Promise<number>
}

/** What webhook delivery needs of a store. */
export interface WebhookReader {
  /** The hook as it is now; undefined when there is none with this id. */
  getWebhook(id: number): Promise<Webhook | undefined>
}

/**
 * The port of the queue: whole transactions, each of which happens entirely or not at all. `now`
 * is always passed in, in epoch milliseconds; a store has no clock of its own.
 */
export interface Store extends DeliveryPruner, WebhookReader {
  /**
   * The hot path: settles, then enqueues, then claims, in one transaction. A new job that nothing
   * comes before may be claimed with its writing.
   */
  turn(turn: Turn): Promise<TurnResult>
  /** Enqueues in a transaction that the host has open on a connection of its own. */
  enqueueIn(connection: HostConnection, job: NewJob, now: number): EnqueueResult
  /**
   * Becomes the one owner. Resolves to the jobs that are `running` although the process that ran
   * them is gone, by the turns that claimed them, and by priority and id.
   *
   * @throws HelveError `HELVE_ERR_OWNED` when another process, or this one, owns the file
   */
  own(now: number): Promise<ClaimedJob[]>
  /** Gives ownership back. */
  disown(): Promise<void>
  /** A job may still be running: the file is owned until the process ends, even when it is closed. */
  keep(): void
  /** Calls back soon after another connection has written; returns the way to end that. */
  watch(onWrite: () => void): () => void
  get(id: number): Promise<JobRecord | undefined>
  list(query: ListQuery): Promise<Page>
  counts(): Promise<Counts>
  /** The `runAt` of the job that has been due for longest; undefined when none is due. */
  oldestDue(now: number): Promise<number | undefined>
  /**
   * Requeues a dead job with fresh attempts. False when no dead job has this id.
   *
   * @throws HelveError `HELVE_ERR_DEDUPE_KEY` when a newer job holds its key
   */
  retry(id: number, now: number): Promise<boolean>
  /** Deletes a dead job. False when no dead job has this id. */
  discard(id: number): Promise<boolean>
  /**
   * Makes a queued job dead. A running one is the coordinator's to end: of it, what was folded in
   * so far is forgotten.
   *
   * @param token of the caller's claim, if the job is running
   * @returns the job that was queued; `running`; or undefined when there is no such live job, or
   *   the claim is not the caller's
   */
  cancel(id: number, now: number, token?: number): Promise<ClaimedJob | 'running' | undefined>
  /** Claims no more of the target. False when it was paused already. */
  pause(target: PauseTarget, now: number, by: string | null): Promise<boolean>
  /** Takes a pause back. False when there was none. */
  resume(target: PauseTarget, now: number): Promise<boolean>
  pauses(): Promise<Pause[]>
  /** Looks at the groups of a kind anew: what it allows them has changed. */
  regroup(kind: string, now: number): Promise<void>
  /**
   * Where a job stands; undefined when there is none.
   *
   * @param rivals the queues that compete with it
   */
  standing(
    id: number,
    now: number,
    rivals: (job: JobRecord, backlog: Queue[]) => Queue[],
  ): Promise<Standing | undefined>
  /** Deletes jobs that died before `before` (epoch ms); resolves to their number. */
  pruneDead(before: number): Promise<number>
  close(): Promise<void>
}

/** A connection of the host's own to the same file: the part of better-sqlite3's that is used. */
export interface HostConnection {
  readonly name: string
  readonly inTransaction: boolean
  prepare(sql: string): unknown
}

export interface Turn {
  now: number
  settles: Settle[]
  enqueues: NewJob[]
  /** Chooses what to claim from, out of all queues with jobs, those of this turn included. */
  admit: (backlog: Queue[], pauses: readonly Pause[]) => Admission[]
}

/** The end of one claim. */
export interface Settle {
  job: ClaimedJob
  settlement: Settlement
  /** Enqueued in the same transaction, if the claim is still the job's. */
  followUps: NewJob[]
  deliveries: DeliveryRecord[]
}

/** The queued jobs of one kind and priority, due or not. */
export interface Queue {
  kind: string
  priority: number
}

/**
 * Claim due jobs from these queues, in the order `priority, run_at, id`, up to the first one that
 * would cost more than there is room for. Jobs that their kind or group has no room or no token
 * for are passed over. Kinds that hold nothing of the lane yet may go beyond its room, into the
 * reserve.
 */
export interface Admission {
  queues: PricedQueue[]
  room: number
  /** Room beyond `room`, for kinds whose terms have a share in it. @default 0 */
  reserve?: number
  /** Queued jobs in all; groups that may not start, and jobs that get theirs, count as well. */
  most: number
}

/** A queue with what its kind may do, which all queues of the kind share. */
export interface PricedQueue extends Queue {
  terms: KindTerms
}

/** Of a kind that nothing but the room of its lane limits. */
export const UNLIMITED: KindTerms = {
  cost: 1,
  room: Infinity,
  reserve: 0,
  rate: undefined,
  groupOf: undefined,
  groupConcurrency: Infinity,
  groupRate: undefined,
  paused: new Set(),
}

/** What a kind may do. */
export interface KindTerms {
  /** The room that one of its jobs takes up. */
  cost: number
  /** The room that it may take up in all, with its share of the reserve. */
  room: number
  /** Its share of the lane's reserve, less whatever it claims: 0 for a kind that holds something. */
  reserve: number
  rate: Rate | undefined
  /** For jobs that were submitted without a group. */
  groupOf: GroupOf | undefined
  /** Jobs of a group that may run at a time. */
  groupConcurrency: number
  groupRate: Rate | undefined
  /** Groups that are paused. */
  paused: ReadonlySet<string>
}

export interface TurnResult {
  /** One for each settle; undefined when the claim was not the caller's. */
  settled: (Settled | undefined)[]
  /** One for each enqueue; an error for one that the store refused, with the others unaffected. */
  enqueued: (EnqueueResult | HelveError)[]
  claimed: ClaimedJob[]
  /** Whether an admission was cut short by its `most`: there may be more to claim at once. */
  more: boolean
  /** Whether jobs may be due that no admission had room for. */
  behind: boolean
  /** Epoch ms of the next job that an admission had room for, but was not due; Infinity for none. */
  nextDue: number
}

/** What became of a settled job. */
export interface Settled {
  state: 'completed' | 'queued' | 'dead' | 'running'
  /** Why it is still `running`, with nothing of its settle written: a follow-up was refused. */
  refused?: HelveError
  /** A submission had been folded in while it ran: it has been queued once more, afresh. */
  rerun: boolean
  followUps: EnqueueResult[]
}

/** Where a job stands. */
export interface Standing {
  job: JobRecord
  pauses: Pause[]
  /** Due jobs that come before it in the queues that were asked for; 10,000 at the most. */
  ahead: number
  /** Ids of the jobs of its group that run: 10,000 at the most. */
  groupRunning: number[]
  /** Id of the live job that holds its dedupe key; undefined if none does, or it is the job itself. */
  keyHolder: number | undefined
  /** Epoch milliseconds from which its kind has a token of this rate. */
  kindFreeAt: (rate: Rate) => number
  /** The same for its group. */
  groupFreeAt: (rate: Rate) => number
}

/** Which jobs to list. */
export interface ListQuery {
  /** @default all */
  state?: JobState
  /** @default all */
  kind?: string
  /** {@link Page.next} of the page before. */
  after?: string
  /** 1 to 1000. @default 100 */
  limit?: number
}

/**
 * Some jobs, ordered by state (running, queued, dead), kind, and then priority, time and id; queued
 * jobs with a group come after those without.
 */
export interface Page {
  jobs: JobRecord[]
  /** Pass it as `after` for the next page; undefined on the last one. */
  next?: string
}

/** How many jobs there are, by kind and state: kept in counters, never counted. */
export type Counts = Record<string, Record<JobState, number>>
