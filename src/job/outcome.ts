import type { DeliveryRecord } from './delivery.ts'
import type { JobError, NewJob } from './job.ts'

/** What a handler's run came to, as plain data. Nothing else comes back from a pool. */
export type Outcome =
  | {
      type: 'completed'
      /** JSON of what the handler returned; undefined when it returned nothing. */
      result: string | undefined
      /** Jobs that the handler enqueued: committed with the completion, or not at all. */
      followUps: NewJob[]
      deliveries: DeliveryRecord[]
    }
  | {
      type: 'failed'
      error: JobError
      permanent: boolean
      /** Epoch milliseconds; undefined leaves the time to the backoff. */
      retryAt: number | undefined
      /** Kept also of a failed run: an attempt that failed is what one wants to see. */
      deliveries: DeliveryRecord[]
    }
  /** It asked for a later run: what it did so far counts, and no attempt is spent. */
  | {
      type: 'snoozed'
      /** Milliseconds before it may be claimed again. */
      delay: number
      followUps: NewJob[]
      deliveries: DeliveryRecord[]
    }
  /** Somebody cancelled it while it ran, and it has stopped. */
  | { type: 'cancelled'; deliveries: DeliveryRecord[] }
  /** It ran past its timeout, and has stopped. */
  | { type: 'timedOut'; timeout: number }
  /** The thread died under it. */
  | { type: 'lost'; reason: string }
  /** It was interrupted through no doing of its own. */
  | {
      type: 'released'
      reason: string
      /** Milliseconds before it may be claimed again. */
      delay?: number
    }

/** The move out of `running` that the coordinator decided on. */
export type Settlement =
  | { to: 'completed' }
  | { to: 'queued'; runAt: number; charge: Charge; error: JobError | null }
  | { to: 'dead'; charge: Charge; error: JobError }

/**
 * What a run costs its job: `attempt` keeps the attempt that the claim counted, `crash` gives it
 * back and counts a crash, `nothing` gives it back.
 */
export type Charge = 'attempt' | 'crash' | 'nothing'
