import { setTimeout as sleep } from 'node:timers/promises'
import type { HandlerContext, Job, ThreadContext } from '../../../workers/define-handlers.ts'
import { deliverWebhookHandler } from '../../../workers/handlers.ts'
import type { Cells } from './handlers.ts'

/** The cell that is set when a run began before another run of the same job had ended. */
export const OVERLAPS = 0
/** For each group: its runs at this time, and the most at a time. */
const RUNNING = 420
export const MOST_RUNNING = 440

/** Kinds that disturb other kinds, and kinds that are disturbed. */
export function isolation(cells: Cells, thread: ThreadContext) {
  const counted = async ({ payload }: Job<{ group: number; cell?: number }>): Promise<void> => {
    const running = Atomics.add(cells, RUNNING + payload.group, 1) + 1
    if (running > Atomics.load(cells, MOST_RUNNING + payload.group)) {
      Atomics.store(cells, MOST_RUNNING + payload.group, running)
    }
    if (payload.cell === undefined) await new Promise(setImmediate)
    else await Atomics.waitAsync(cells, payload.cell, 0).value
    Atomics.sub(cells, RUNNING + payload.group, 1)
  }
  return {
    counted,
    /** The handler of `counted`, for kinds with limits of their own. */
    limited: counted,
    refilled: counted,

    /** Goes on for ever, and looks out for another run of its job. */
    loop(job: Job<{ cell: number }>, ctx: HandlerContext) {
      const { cell } = job.payload
      Atomics.store(cells, cell, job.attempt)
      ctx.progress('runs')
      for (;;) if (Atomics.load(cells, cell) !== job.attempt) Atomics.store(cells, OVERLAPS, 1)
    },
    /** Holds up its thread until the cell is set. */
    spin(job: Job<{ cell: number }>) {
      while (Atomics.load(cells, job.payload.cell) === 0);
    },
    async crash() {
      setImmediate(() => {
        throw new Error('in a callback')
      })
      await new Promise(() => undefined)
    },
    eat() {
      const eaten: unknown[] = []
      for (;;) eaten.push(Array.from({ length: 1_000 }, () => eaten.length))
    },
    /** Waits, and returns whether the run was aborted meanwhile. */
    async rest(job: Job<{ ms: number }>, ctx: HandlerContext) {
      ctx.progress('runs')
      await sleep(job.payload.ms)
      return ctx.aborted
    },
    deliver_webhook: deliverWebhookHandler({
      hooks: thread.webhooks,
      timeout: 30_000,
    }),
  }
}
