import type { DeliveryRecord } from './delivery.ts'
import type { Trip } from './breaker.ts'
import { isPermanent, retryAt } from './errors.ts'
import { toJobError } from './failure.ts'
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
      /** Opens the breaker of the job's group. */
      trip?: Trip | undefined
    }
  | {
      type: 'failed'
      error: JobError
      permanent: boolean
      /** Epoch milliseconds before which no run may start; undefined leaves that to the backoff. */
      retryAt: number | undefined
      /** Kept also of a failed run: an attempt that failed is what one wants to see. */
      deliveries: DeliveryRecord[]
      trip?: Trip | undefined
    }
  /** It asked for a later run: what it did so far counts, and no attempt is spent. */
  | {
      type: 'snoozed'
      /** Milliseconds before it may be claimed again. */
      delay: number
      followUps: NewJob[]
      deliveries: DeliveryRecord[]
      trip?: Trip | undefined
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

/** What a run in a thread can come to; what befalls the thread itself, the pool knows. */
export type HandlerOutcome = Extract<Outcome, { type: 'completed' | 'snoozed' | 'failed' }>

/**
 * The outcome of a run whose handler, or the way to it, threw.
 *
 * @param now epoch milliseconds: what a wait that the error asks for counts from
 */
export function failed(
  thrown: unknown,
  now: number,
  deliveries: DeliveryRecord[] = [],
): HandlerOutcome {
  return {
    type: 'failed',
    error: toJobError(thrown),
    permanent: isPermanent(thrown),
    retryAt: retryAt(thrown, now),
    deliveries,
  }
}

/** The outcome of a job whose kind nobody handles: no retry will find a handler. */
export function unhandled(kind: string): HandlerOutcome {
  const error: JobError = { name: 'NoHandlerError', message: `no handler for kind ${kind}` }
  return { type: 'failed', error, permanent: true, retryAt: undefined, deliveries: [] }
}

/** The move out of `running` that the coordinator decided on. */
export type Move =
  | { to: 'completed' }
  | {
      to: 'queued'
      /** On the queue's time. */
      runAt: number
      charge: Charge
      error: JobError | null
      /** Whether the job waits for a retry: a fold then keeps that time. */
      backingOff: boolean
    }
  | { to: 'dead'; charge: Charge; error: JobError }

/** What a job goes into its next run with that it owes to a submission which was folded in. */
export interface Rerun {
  /** Crashes that stay on record. */
  crashes: number
  /** What went wrong in the run that has ended; `null` if nothing has. */
  error: JobError | null
}

/**
 * What a run costs its job: `attempt` keeps the attempt that the claim counted, `crash` gives it
 * back and counts a crash, `nothing` gives it back.
 */
export type Charge = 'attempt' | 'crash' | 'nothing'
