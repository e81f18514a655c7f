import type { DeliveryRecord, Webhook } from '../job/delivery.ts'
import type { HelveError } from '../job/errors.ts'
import type { ClaimedJob, EnqueueResult, JobRecord, JobState, NewJob } from '../job/job.ts'
import type { Rerun, Settlement } from '../job/outcome.ts'
import type { Pause } from '../job/pause.ts'
import type { Command, CommandResult } from './command.ts'
import type { Rate } from '../job/rate.ts'
import type { QueueClock } from './timeline.ts'

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
 * is always passed in, as a moment of the queue's {@link Store.clock}, and never goes back.
 */
export interface Store extends DeliveryPruner, WebhookReader {
  readonly clock: QueueClock
  /**
   * The hot path: settles, then commands, then enqueues, then claims, in one transaction. A new job
   * that nothing comes before may be claimed with its writing.
   *
   * An ending, a command or a submission that the store cannot write is set aside by itself: a job
   * whose ending cannot be written is dead, and its {@link Settled.setAside} says why.
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
  /**
   * Calls back soon after another connection has written; returns the way to end that.
   *
   * @param onClose called once when this store is to be closed, which waits for what it returns
   */
  watch(onWrite: () => void, onClose?: () => Promise<unknown>): () => void
  /** The process that owns the file, if it lives; undefined if nobody does, or that is not known. */
  owner(): Promise<number | undefined>
  get(id: number): Promise<JobRecord | undefined>
  list(query: ListQuery): Promise<Page>
  counts(): Promise<Counts>
  /** The `runAt` of the job that has been due for longest; undefined when none is due. */
  oldestDue(now: number): Promise<number | undefined>
  pauses(): Promise<Pause[]>
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
  commands: Command[]
  enqueues: NewJob[]
  /** Since when a job runs whose next crash would be its last: no other such job is claimed. */
  suspect: number | undefined
  /**
   * Chooses what to claim from, out of the queues that may have due jobs, those of this turn's
   * enqueues included. The pauses are the same array as long as nothing has been paused or resumed.
   */
  admit: (backlog: Queue[], pauses: readonly Pause[]) => Admission[]
}

/** A turn in which nothing happens: what one adds is all that does. */
export const NO_WORK: Omit<Turn, 'now'> = {
  settles: [],
  commands: [],
  enqueues: [],
  suspect: undefined,
  admit: () => [],
}

/** The end of one claim. */
export interface Settle {
  job: ClaimedJob
  settlement: Settlement
  /** What becomes of the job instead, if a submission was folded in while it ran. */
  rerun: Rerun
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
  /** Queued jobs in all; groups that may not start, and jobs that are put off, count as well. */
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
  held: false,
  rate: undefined,
  filing: false,
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
  /** Nothing of it is claimed until a command frees it: it is paused, or waits for a handler. */
  held: boolean
  rate: Rate | undefined
  /** Its jobs have groups: one whose group is not known yet is not claimed before it is filed. */
  filing: boolean
  /** Jobs of a group that may run at a time. */
  groupConcurrency: number
  groupRate: Rate | undefined
  /** Groups that are paused. */
  paused: { has(group: string): boolean }
}

export interface TurnResult {
  /** One for each settle; undefined when the claim was not the caller's. */
  settled: (Settled | undefined)[]
  /** One for each command; an error for one that was refused. */
  commanded: (CommandResult | HelveError)[]
  /** One for each enqueue; an error for one that the store refused, with the others unaffected. */
  enqueued: (EnqueueResult | HelveError)[]
  claimed: ClaimedJob[]
  /** Queued jobs whose group has to be found out; a `file` command files them. */
  unfiled: UnfiledJob[]
  /** Whether an admission was cut short by its `most`: there may be more to claim at once. */
  more: boolean
  /** Whether jobs may be due that no admission had room for. */
  behind: boolean
  /** The moment at which the next queue may have a due job; Infinity for none. */
  nextDue: number
}

/** A queued job of a kind with groups, written by somebody who does not know them. */
export interface UnfiledJob {
  id: number
  kind: string
  /** JSON. */
  payload: string
}

/** What became of a settled job. */
export interface Settled {
  state: 'completed' | 'queued' | 'dead' | 'running'
  /** Why it is still `running`, with nothing of its settle written: a follow-up was refused. */
  refused?: HelveError
  /** Why its ending could not be written: the job is dead instead. */
  setAside?: HelveError
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
  /** Jobs of a page at most, 1 to 1000. @default 100 */
  limit?: number
}

/**
 * Some jobs, ordered by state (running, queued, dead), kind, and then priority, time and id; queued
 * jobs with a group come after those without. A page whose payloads come to 4 MiB ends early.
 */
export interface Page {
  jobs: JobRecord[]
  /** Pass it as `after` for the next page; undefined on the last one. */
  next?: string
}

/** How many jobs there are, by kind and state: kept in counters, never counted. */
export type Counts = Record<string, Record<JobState, number>>
