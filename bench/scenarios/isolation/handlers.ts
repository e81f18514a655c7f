import { setTimeout as sleep } from 'node:timers/promises'
import { defineHandlers, type HandlerContext, type Job } from '../../../workers/define-handlers.ts'
import { deliverWebhookHandler } from '../../../workers/deliver-webhook.ts'
import { burn, now } from '../../time.ts'

/** Cells that the benchmark shares with its threads. All cells but the first belong to jobs. */
export type Cells = Int32Array<SharedArrayBuffer>

/** The cell that counts runs which began before another run of the same job had ended. */
export const OVERLAPS = 0

/** The result of a run that takes some time: when it began and ended, in epoch milliseconds. */
export interface Ran {
  started: number
  ended: number
}

/** How long a run keeps its thread busy, in milliseconds, and the group of a kind that has groups. */
export interface Stamped {
  burn?: number
  group?: string
}

/** How a run ends its thread. */
export type Death = 'exit' | 'crash' | 'eat'

/** Keeps the CPU busy for `steps` steps: they take longer when other threads want the CPU. */
function calculate(steps: number): number {
  let value = 1
  for (let step = 0; step < steps; step++) value = (Math.imul(value, 1_664_525) + 1) | 0
  return value
}

/** Handlers that behave. A run uses the cell of its job to notice another run of the same job. */
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
    /** The handler of `stamp`, for kinds with limits of their own. */
    grouped: stamp,
    limited: stamp,
    reindex: (job: Job<{ steps: number }>) => alone(job, () => void calculate(job.payload.steps)),
    /** Waits, and returns whether the run was aborted meanwhile. */
    async rest(job: Job<{ ms: number }>, ctx: HandlerContext) {
      ctx.progress('runs')
      await sleep(job.payload.ms)
      return ctx.aborted
    },
    /** Loops until another run of the job writes into the job's cell, which is an overlap. */
    loop(job: Job) {
      const cell = cellOf(job)
      Atomics.store(cells, cell, job.attempt)
      while (Atomics.load(cells, cell) === job.attempt);
      Atomics.add(cells, OVERLAPS, 1)
    },
    /** Ends its thread in its first run. */
    exitOnce(job: Job) {
      if (Atomics.exchange(cells, cellOf(job), 1) === 0) process.exit(7)
    },
  }
}

/** Handlers that do what no handler should do. */
const indecent = {
  /** Blocks its whole thread, and reports the time of its start as progress. */
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
    }),
  },
}))
