import { spawn } from 'node:child_process'
import type { DeliveryRecord } from '../../src/job/delivery.ts'
import type { Handler, HandlerContext, Job } from '../../src/run/handler.ts'

/** The delivery records of a run, and the error that it threw, if it threw one. */
export interface Ran {
  records: DeliveryRecord[]
  /** Milliseconds for which the run holds its group back; undefined if it does not. */
  trip: number | undefined
  error: unknown
}

/** Runs a handler once, outside of any queue. */
export async function run(
  handler: Handler<never>,
  payload: unknown,
  {
    job = {},
    signal = new AbortController().signal,
  }: { job?: Partial<Job>; signal?: AbortSignal } = {},
): Promise<Ran> {
  const records: DeliveryRecord[] = []
  let trip: number | undefined
  try {
    await handler(jobOf(payload, job), {
      ...context(signal),
      recordDelivery: (r) => records.push(r),
      tripBreaker: (ms) => (trip = ms),
    })
    return { records, trip, error: undefined }
  } catch (error) {
    return { records, trip, error }
  }
}

const silent = () => undefined
/** All jobs are of now: a delivery that is too old is not tried again. */
const CREATED = Date.now()

function context(signal = new AbortController().signal): HandlerContext {
  return {
    signal,
    aborted: signal.aborted,
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
    progress: silent,
    enqueue: silent,
    snooze: silent,
    tripBreaker: silent,
    recordDelivery: silent,
    publish: silent,
    enterEndpoint: async () => undefined,
    spawn,
  }
}

function jobOf(payload: unknown, more: Partial<Job>): Job<never> {
  const job = { id: 1, kind: 'a', dedupeKey: null, attempt: 1, maxAttempts: 5, createdAt: CREATED }
  return { ...job, payload: payload as never, ...more } as Job<never>
}
