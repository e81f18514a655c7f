import { readFileSync } from 'node:fs'
import { parentPort, threadId } from 'node:worker_threads'
import { defineHandlers, type HandlerContext, type Job } from '../../../workers/define-handlers.ts'
import { floods } from './floods.ts'
import { forgeries } from './forgeries.ts'
import { poison } from './poison.ts'
import { spawns } from './spawns.ts'
import { stalls } from './stalls.ts'
import { vandals } from './vandals.ts'

/** What the tests hand to their threads. */
export interface Config {
  /** Shared with the test; a job's own cell is at its id. */
  cells: Int32Array<SharedArrayBuffer>
  /** Milliseconds that the setup takes. */
  slowSetup?: number
  /** How often the setup throws before it works. */
  failSetups?: number
  /** Whether the setup never ends. */
  hangingSetup?: boolean
  /** How many setups come to their end. A later setup waits for ever; with `throws`, it throws. */
  setups?: number
  throws?: boolean
  /** Milliseconds that closing takes; with `onlyFirstClose`, only of the first thread to close. */
  slowClose?: number
  onlyFirstClose?: boolean
}

/** What a job of the kind `quick` does. Without `does`, the job returns `n` at once. */
export interface Quick {
  n?: number
  does?: 'exit' | 'loop' | 'hold' | 'large'
}

/** A result so large that the main thread takes only one such result in each turn of its loop. */
const LARGE = 'x'.repeat(300_000)

/** Cells that belong to no job. */
export const CLOSED = 900
export const SETUPS = 901
export const CLOSINGS = 902
const NEVER_SET = 903

/** Waits for `what`, which is no promise if it has happened already. */
async function after<T>(what: unknown, value: T): Promise<T> {
  await what
  return value
}

/** Waits for the abort, which may have come already: the test may be faster than the handler. */
function abort(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', resolve))
}

export default defineHandlers(async (config: Config, thread) => {
  const {
    cells,
    slowSetup = 0,
    failSetups = 0,
    hangingSetup,
    setups: most = Infinity,
    throws = false,
    slowClose = 0,
    onlyFirstClose,
  } = config
  const setups = Atomics.add(cells, SETUPS, 1)
  if (setups < failSetups) throw new Error(`setup ${setups + 1} failed`)
  if (slowSetup > 0) Atomics.wait(cells, NEVER_SET, 0, slowSetup)
  if (throws && setups >= most) throw new Error('no more setups')
  if (hangingSetup || setups >= most) await poison.never()
  thread.logger.info({ thread: thread.id }, 'set up')

  const released = (id: number): unknown => Atomics.waitAsync(cells, id, 0).value

  return {
    kinds: {
      ...poison,
      ...forgeries,
      ...vandals,
      ...floods(cells, thread),
      ...spawns,
      ...stalls(cells),
      echo: (job: Job<{ n: number }>) => job.payload.n,
      thread: () => threadId,
      job: (job: Job) => job,
      environment: () => process.env,
      execArgv: () => process.execArgv,
      /** Messages of the thread arrive all the same, from before the closing and from after it. */
      closesItsPort(_: Job, ctx: HandlerContext) {
        parentPort!.close()
        ctx.progress('closed')
      },

      async hold(job: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        await released(job.id)
        return 'released'
      },
      quick(job: Job<Quick>, ctx: HandlerContext) {
        const { does, n } = job.payload
        if (does === undefined) return n
        if (does === 'large') return LARGE
        if (does === 'exit') process.exit(7)
        ctx.progress('runs')
        if (does === 'loop') for (;;);
        return after(released(job.id), 'released')
      },
      async holdAndFail(job: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        await released(job.id)
        throw new Error('failed by itself')
      },
      /** Leaves a timer behind that throws once the test releases it. */
      leaveTimer(job: Job) {
        setInterval(() => {
          if (Atomics.load(cells, job.id) === 1) throw new Error('from the job before')
        }, 1)
      },
      /** Waits inside native code, where nothing can end the run. */
      readWhole(job: Job<{ file: string }>, ctx: HandlerContext) {
        ctx.progress('runs')
        return readFileSync(job.payload.file, 'utf8')
      },
      /** Holds up its whole thread. */
      block(job: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        for (;;) if (Atomics.load(cells, job.id) === 1) return 'released'
      },

      // Each may take its signal after the abort. A signal that has aborted already calls no
      // listener, so `abort` looks first.
      async failsAtItsSignal(_: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        await abort(ctx.signal)
        throw ctx.signal.reason as Error
      },
      async completesAtItsSignal(_: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        await abort(ctx.signal)
        return 'as far as it came'
      },
      async exitsAtItsSignal(_: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        await abort(ctx.signal)
        process.exit(3)
      },
      failsAtItsFlag(_: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        while (!ctx.aborted);
        throw new Error(`${ctx.aborted} ${ctx.signal.aborted}`)
      },
      async failsAfter(job: Job<{ ms: number }>, ctx: HandlerContext) {
        ctx.progress('runs')
        await new Promise((resolve) => setTimeout(resolve, job.payload.ms))
        throw new Error('failed by itself')
      },

      logs(_: Job, ctx: HandlerContext) {
        ctx.logger.debug('too low')
        ctx.logger.info('plain')
        ctx.logger.warn({ repo: 7, cause: new RangeError('inside') }, 'with fields')
        ctx.logger.error(new RangeError('on its own'))
        const cycle: { self?: unknown } = {}
        cycle.self = cycle
        ctx.logger.error(cycle, 'with a cycle')
      },
      /** Leaves a promise behind that enqueues, and rejects. */
      leaves(_: Job, { enqueue }: HandlerContext) {
        const later = new Promise<void>((resolve) => setImmediate(resolve))
        void later.then(() => enqueue('echo'))
      },
      progresses(_: Job, ctx: HandlerContext) {
        ctx.progress({ done: 1 })
        ctx.progress([2])
      },
      /** Asks what cannot be cloned, as its thread's first question, and then asks for a webhook. */
      async asksTwice(): Promise<unknown[]> {
        const opening = { job: () => 1 } as never
        const first = await thread.webhooks
          .openAttempt(opening, async () => undefined)
          .catch(String)
        return [first, (await thread.webhooks.getWebhook(7))?.id]
      },
      webhook: (job: Job<{ id: number }>) => thread.webhooks.getWebhook(job.payload.id),
      enqueuesForThePast(_: Job, ctx: HandlerContext) {
        ctx.enqueue('echo', {}, { runAt: Date.now() - 5_000 })
      },
      enqueues(_: Job, ctx: HandlerContext) {
        ctx.enqueue('echo', { n: 1 }, { dedupeKey: 'k', priority: -1 })
      },
    },
    async close() {
      const first = Atomics.add(cells, CLOSINGS, 1) === 0
      Atomics.notify(cells, CLOSINGS)
      const slow = slowClose > 0 && (first || !onlyFirstClose)
      if (slow) await new Promise((resolve) => setTimeout(resolve, slowClose))
      Atomics.add(cells, CLOSED, 1)
      Atomics.notify(cells, CLOSED)
    },
  }
})
