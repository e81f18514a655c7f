import type { Rate } from '../job/rate.ts'

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
  /** Groups whose breaker is not closed: none of their jobs start before `until`, then so many at a time. */
  breakers: { get(group: string): { until: number; room: number } | undefined }
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
  breakers: new Map(),
}
