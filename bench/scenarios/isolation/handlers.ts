import { setTimeout as sleep } from 'node:timers/promises'
import { defineHandlers, type HandlerContext, type Job } from '../../../workers/define-handlers.ts'
import { deliverWebhookHandler } from '../../../workers/deliver-webhook.ts'
import { burn, now } from '../../time.ts'

/** Shared by the benchmark and its threads; all but the first are those of jobs. */
export type Cells = Int32Array<SharedArrayBuffer>

/** The cell that counts runs which began before another one of the same job had ended. */
export const OVERLAPS = 0

/** What a run that takes some time gives: when it began and ended, in epoch milliseconds. */
export interface Ran {
  started: number
  ended: number
}

/** How long a run keeps its thread busy, in milliseconds, and the group of a kind that has groups. */
export interface Stamped {
  burn?: number
  group?: string
}

/** How a run takes its thread along. */
export type Death = 'exit' | 'crash' | 'eat'

/** Keeps the CPU busy; not for a time, so that it takes longer when the CPU is wanted elsewhere. */
function calculate(steps: number): number {
  let value = 1
  for (let step = 0; step < steps; step++) value = (Math.imul(value, 1_664_525) + 1) | 0
  return value
}

/** Kinds that behave, each with the cell of its job to show that it has the job for itself. */
function decent(cells: Cells) {
  const cellOf = ({ id }: Job): number => 1 + (id % (cells.length - 1))
  const alone = (job: Job, work: () => void): Ran => {
    const started = now()
    if (Atomics.add(cells, cellOf(job), 1) > 0) Atomics.add(cells, OVERLAPS, 1)
    work()
    Atomics.sub(cells, cellOf(job), 1)
    return { started, ended: now() }
  }
  const stamp = (job: Job<Stamped>): Ran => alone(job, () => burn(job.payload.burn ?? 0))
  return {
    stamp,
    /** The same, for kinds with limits of their own. */
    grouped: stamp,
    limited: stamp,
    reindex: (job: Job<{ steps: number }>) => alone(job, () => void calculate(job.payload.steps)),
    /** Waits, and tells whether it was told to end meanwhile. */
    async rest(job: Job<{ ms: number }>, ctx: HandlerContext) {
      ctx.progress('runs')
      await sleep(job.payload.ms)
      return ctx.aborted
    },
    /** As its job's cell says, until another run writes into it. */
    loop(job: Job) {
      const cell = cellOf(job)
      Atomics.store(cells, cell, job.attempt)
      while (Atomics.load(cells, cell) === job.attempt);
      Atomics.add(cells, OVERLAPS, 1)
    },
  }
}

/** Kinds that do what no handler should. */
const indecent = {
  /** Holds up its whole thread, and tells since when. */
  spin(job: Job<{ ms: number }>, ctx: HandlerContext) {
    ctx.progress(now())
    burn(job.payload.ms)
  },
  exit() {
    process.exit(7)
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
}

export default defineHandlers(({ cells }: { cells: Cells }, thread) => ({
  kinds: {
    ...decent(cells),
    ...indecent,
    deliver_webhook: deliverWebhookHandler({
      hooks: thread.webhooks,
      timeout: 10_000,
      allow: ['loopback'],
    }),
  },
}))
