import type { Rate } from '../job/rate.ts'

/** The queued jobs of one kind and priority, due or not. */
export interface Queue {
  kind: string
  priority: number
}

/**
 * A request to claim due jobs from these queues, in the order `priority, run_at, id`, up to the
 * first job that would cost more than the room that is left. Jobs whose kind or group has no room
 * or no token are passed over. Kinds that hold nothing of the lane yet may go beyond the lane's
 * room, into the reserve.
 */
export interface Admission {
  queues: PricedQueue[]
  room: number
  /** Room beyond `room`, for kinds whose terms have a share in the reserve. @default 0 */
  reserve?: number
  /** Most queued jobs to claim; groups that may not start and jobs that are put off count, too. */
  most: number
}

/** A queue with the terms of its kind; all queues of the kind share the terms. */
export interface PricedQueue extends Queue {
  terms: KindTerms
}

/** What a kind may do. */
export interface KindTerms {
  /** The room that one of its jobs takes up. */
  cost: number
  /** The room that the kind may take up in all, with its share of the reserve. */
  room: number
  /**
   * The kind's share of the lane's reserve, less whatever the kind claims; 0 for a kind that holds
   * something of the lane.
   */
  reserve: number
  /**
   * No job of the kind is claimed until a command frees the kind: the kind or its lane is paused,
   * or the kind waits for a handler.
   */
  held: boolean
  rate: Rate | undefined
  /**
   * Whether jobs of the kind have groups. A job whose group is not known yet is then not claimed
   * before it is filed.
   */
  filing: boolean
  /** Jobs of a group that may run at a time. */
  groupConcurrency: number
  groupRate: Rate | undefined
  /** Groups that are paused. */
  paused: { has(group: string): boolean }
  /** Groups whose breaker is not closed: none of their jobs start before `until`, then so many at a time. */
  breakers: { get(group: string): { until: number; room: number } | undefined }
}

/** The terms of a kind that nothing but the room of its lane limits. */
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
  breakers: new Map(),
}
