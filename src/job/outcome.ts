import type { DeliveryRecord } from './delivery.ts'
import type { Trip } from './breaker.ts'
import { isPermanent, isUnreachable, retryAt } from './errors.ts'
import { toJobError } from './failure.ts'
import type { JobError, NewJob } from './job.ts'
import type { NewPublication } from './publication.ts'

/** How a run ended, as plain data. A pool tells nothing else about a run that ended. */
export type Outcome =
  | {
      type: 'completed'
      /** JSON of the handler's return value; undefined when the handler returned nothing. */
      result: string | undefined
      /**
       * Jobs that the handler enqueued: the turn writes them with the completion, or not at all.
       */
      followUps: NewJob[]
      deliveries: DeliveryRecord[]
      /** Events for webhooks: written with the completion, or not at all. */
      publications?: NewPublication[] | undefined
      /** Opens the breaker of the job's group. */
      trip?: Trip | undefined
    }
  | {
      type: 'failed'
      error: JobError
      permanent: boolean
      /** Whether the endpoint could not be reached that the run entered. */
      unreachable?: true | undefined
      /** Epoch milliseconds before which no run may start; undefined if the backoff decides. */
      retryAt: number | undefined
      /** A failed run keeps its records too: people look for the attempts that failed. */
      deliveries: DeliveryRecord[]
      trip?: Trip | undefined
    }
  /**
   * The handler asked for a later run. The effects of this run are written, and no attempt is
   * spent.
   */
  | {
      type: 'snoozed'
      /** Milliseconds before it may be claimed again. */
      delay: number
      followUps: NewJob[]
      deliveries: DeliveryRecord[]
      publications?: NewPublication[] | undefined
      trip?: Trip | undefined
    }
  /**
   * The endpoint that the run wanted to enter takes no run in. The trip holds the job's group back.
   * No attempt is spent, and the job keeps its place in the queue.
   */
  | { type: 'held'; deliveries: DeliveryRecord[]; trip: Trip }
  /** Somebody cancelled the job while it ran, and the run has stopped. */
  | { type: 'cancelled'; deliveries: DeliveryRecord[] }
  /** The run went on past its timeout, and has stopped. */
  | { type: 'timedOut'; timeout: number }
  /** The thread or the process died during the run. */
  | { type: 'lost'; reason: string }
  /** The run was interrupted through no fault of its own. */
  | {
      type: 'released'
      reason: string
      /** Milliseconds before it may be claimed again. */
      delay?: number
    }

/** The outcomes that a handler can cause. The pool and the coordinator make the other outcomes. */
export type HandlerOutcome = Extract<Outcome, { type: 'completed' | 'snoozed' | 'failed' | 'held' }>

/**
 * The outcome of a run that failed with an error, in its handler or in the code around the handler.
 *
 * @param now epoch milliseconds, from which a wait counts that the error asks for
 */
export function failed(
  thrown: unknown,
  now: number,
  deliveries: DeliveryRecord[] = [],
): Extract<HandlerOutcome, { type: 'failed' }> {
  return {
    type: 'failed',
    error: toJobError(thrown),
    permanent: isPermanent(thrown),
    ...(isUnreachable(thrown) && { unreachable: true }),
    retryAt: retryAt(thrown, now),
    deliveries,
  }
}

/** The outcome of a job whose kind has no handler. Permanent, because no retry finds a handler. */
export function unhandled(kind: string): HandlerOutcome {
  const error: JobError = { name: 'NoHandlerError', message: `no handler for kind ${kind}` }
  return { type: 'failed', error, permanent: true, retryAt: undefined, deliveries: [] }
}

/** How a job leaves `running`, as the coordinator decided. */
export type Move =
  | { to: 'completed' }
  | {
      to: 'queued'
      /** Moment of the queue from which the job is due. */
      runAt: number
      charge: Charge
      error: JobError | null
      /** Whether the job waits for a retry. If it does, a fold does not change `runAt`. */
      backingOff: boolean
    }
  | { to: 'dead'; charge: Charge; error: JobError }

/**
 * What a job keeps of a run when it is queued once more, because a submission was folded in during
 * that run.
 */
export interface Rerun {
  /** Crashes that the job keeps. */
  crashes: number
  /** The error of the run that has ended; `null` if the run had none. */
  error: JobError | null
}

/**
 * What a run costs its job. The claim has counted an attempt: `attempt` keeps the attempt counted,
 * `crash` gives the attempt back and counts a crash, and `nothing` gives the attempt back.
 */
export type Charge = 'attempt' | 'crash' | 'nothing'
