import {
  defineHandlers,
  PermanentError,
  RetryAfterError,
  UnreachableError,
  type HandlerContext,
  type Job,
} from '../../../workers/define-handlers.ts'
import { tryAll, type Refused } from './doors.ts'
import { isolation } from './isolation-handlers.ts'

/** What the tests hand to their threads. */
export interface Config {
  cells: Cells
  /** The setup throws until the cell {@link REPAIRED} is set. */
  broken?: boolean
}

/** Shared by a test and its threads. */
export type Cells = Int32Array<SharedArrayBuffer>

/** For each dedupe key `k0`, `k1`, …: runs that go on, the most at a time, the newest payload. */
export const ACTIVE = 100
export const MOST = 200
export const NEWEST = 300
export const CLOSED = 400
export const REPAIRED = 401
/** Once this cell is set, the setup of new threads throws until {@link REPAIRED} is set. */
export const BROKEN = 402

type Visit = Job<{ endpoint: string; group: string }>

export async function visits({ payload }: Visit, ctx: HandlerContext): Promise<void> {
  await ctx.enterEndpoint(payload.endpoint)
  throw new UnreachableError('no answer')
}

export default defineHandlers(({ cells, broken }: Config, thread) => {
  const isBroken = broken || Atomics.load(cells, BROKEN) === 1
  if (isBroken && Atomics.load(cells, REPAIRED) === 0) throw new Error('the index is locked')
  return {
    kinds: {
      ...isolation(cells, thread),
      echo: (job: Job<{ n?: number }>) => job.payload.n,

      /** Runs until the cell is set. */
      async hold(job: Job<{ cell: number }>, ctx: HandlerContext) {
        ctx.progress('runs')
        await Atomics.waitAsync(cells, job.payload.cell, 0).value
      },

      /** Holds its thread's event loop until the cell is set. */
      stall(job: Job<{ cell: number }>, ctx: HandlerContext) {
        ctx.progress('holds')
        Atomics.wait(cells, job.payload.cell, 0)
      },

      /** Fails `fails` times. */
      flaky(job: Job<{ fails: number }>, ctx: HandlerContext) {
        ctx.enqueue('echo', { n: job.attempt }, { dedupeKey: `of ${job.id}` })
        if (job.attempt <= job.payload.fails) throw new RangeError(`attempt ${job.attempt}`)
        return job.attempt
      },
      permanent(job: Job<{ repo_pk?: number }>) {
        throw new PermanentError(`no repo_pk in job ${job.id}`)
      },
      unreachable() {
        const cause = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
        throw Object.assign(new TypeError('fetch failed', { cause }), { repo: 7 })
      },
      later(job: Job<{ ms: number }>) {
        if (job.attempt === 1) throw new RetryAfterError(job.payload.ms)
        return job.attempt
      },

      /** Counts the runs of a key that go on at a time. */
      async keyed(job: Job<{ key: number; n: number }>) {
        const { key, n } = job.payload
        const active = Atomics.add(cells, ACTIVE + key, 1) + 1
        if (active > Atomics.load(cells, MOST + key)) Atomics.store(cells, MOST + key, active)
        Atomics.store(cells, NEWEST + key, n)
        await new Promise((resolve) => setTimeout(resolve, n % 3))
        Atomics.sub(cells, ACTIVE + key, 1)
        if (n % 5 === 0 && job.attempt === 1) throw new Error('once more')
      },
      /** Tells its payload, waits until the cell is set, and fails if `fails` is set. */
      async gated(job: Job<{ cell: number; fails?: boolean }>, ctx: HandlerContext) {
        ctx.progress(job.payload)
        await Atomics.waitAsync(cells, job.payload.cell, 0).value
        if (job.payload.fails) throw new Error('as told')
        return job.payload.cell
      },

      logs(_: Job<object>, ctx: HandlerContext) {
        ctx.logger.debug('too low')
        ctx.logger.warn({ repo: 7 }, 'from a thread')
      },
      poses(_: Job<object>, ctx: HandlerContext) {
        ctx.logger.info({ job: 'mine', kind: 'mine', thread: 'mine', repo: 7 }, 'from a thread')
      },
      /** Runs until its signal has aborted and its cell is set; then does what `then` says. */
      async untilAborted(
        job: Job<{ then: 'throw' | 'return'; cell?: number }>,
        ctx: HandlerContext,
      ) {
        const aborted = new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
        ctx.progress('runs')
        await aborted
        const { cell } = job.payload
        if (cell !== undefined) {
          ctx.progress('was told to end')
          await Atomics.waitAsync(cells, cell, 0).value
        }
        if (job.payload.then === 'throw') throw new Error('aborted')
      },
      loop(_: Job<object>, ctx: HandlerContext): void {
        ctx.progress('runs')
        for (;;);
      },
      /** Asks for a later run, `naps` times. */
      naps(job: Job<{ cell: number; naps: number; ms: number }>, ctx: HandlerContext) {
        const { cell, naps, ms } = job.payload
        ctx.enqueue('echo', {})
        if (Atomics.add(cells, cell, 1) < naps) ctx.snooze(ms)
        return job.attempt
      },
      /** Holds its group back, and completes. */
      trips(job: Job<{ group: string }>, ctx: HandlerContext) {
        ctx.tripBreaker(60_000, `${job.payload.group} asked for a pause`)
      },
      /** Enters an endpoint that does not answer. */
      visits,
      /** Tries to enqueue all bad submissions, and then enqueues a good job. */
      async triesDoors(_: Job<object>, ctx: HandlerContext): Promise<Refused[]> {
        const refused = await tryAll((...given) => Reflect.apply(ctx.enqueue, ctx, given))
        ctx.enqueue('good')
        return refused
      },
      exit(): void {
        process.exit(7)
      },
    },
    close() {
      Atomics.add(cells, CLOSED, 1)
    },
  }
})
