import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  defineHandlers,
  PermanentError,
  type HandlerContext,
  type Job,
} from '../../../workers/define-handlers.ts'
import { Pen } from './ledger.ts'
import { HOLDS_UP, isHopeless, isShaky, type Payload } from './submissions.ts'

/** What the processes of these tests hand to their threads. */
export interface Config {
  /** The file in which runs are written down. */
  ledger: string
  cells: Int32Array<SharedArrayBuffer>
}

export default defineHandlers(({ ledger, cells }: Config) => {
  const pen = new Pen(ledger)
  const work = async (job: Job<Payload>, ms: number): Promise<void> => {
    pen.write('start', job)
    if (ms > 0) await sleep(ms)
    pen.write('end', job)
  }
  const fail = async (job: Job<Payload>, error: Error): Promise<never> => {
    pen.write('start', job)
    await sleep(job.payload.n % 3)
    pen.write('failure', job)
    throw error
  }
  return {
    kinds: {
      plain: (job: Job<Payload>) => work(job, job.payload.n % 7),
      grouped: (job: Job<Payload>) => work(job, job.payload.n % 4),
      /** Short enough to share hand-offs, except for a few jobs that hold the others up. */
      short: (job: Job<Payload>) => work(job, job.payload.n % HOLDS_UP === 0 ? 25 : 0),
      keyed: (job: Job<Payload>) => {
        const { n } = job.payload
        if (isHopeless(n)) return fail(job, new PermanentError('hopeless'))
        if (isShaky(n) && job.attempt === 1) return fail(job, new Error('the first attempt fails'))
        return work(job, n % 3)
      },
      flaky: (job: Job<Payload>) =>
        job.attempt > 1 ? work(job, 0) : fail(job, new Error('the first attempt fails')),

      /** Waits beyond its timeout, and ends when its signal aborts. */
      async patient(job: Job<Payload>, { signal }: HandlerContext) {
        if (job.attempt > 1) return work(job, 0)
        pen.write('start', job)
        if (!signal.aborted) await once(signal, 'abort')
        pen.write('failure', job)
        throw new Error('told to end')
      },
      /** Goes on until its thread is killed. */
      stubborn(job: Job<Payload>) {
        if (job.attempt > 1) return work(job, 0)
        pen.write('start', job)
        for (;;) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
          pen.write('going', job)
        }
      },

      /** Goes on long enough for a `deadly` job to start beside it. */
      async slow(job: Job<Payload>) {
        pen.write('start', job)
        Atomics.store(cells, 0, 1)
        Atomics.notify(cells, 0)
        await sleep(400)
        pen.write('end', job)
      },
      deadly(job: Job<Payload>) {
        pen.write('start', job)
        Atomics.wait(cells, 0, 0, 200)
        process.kill(process.pid, 'SIGKILL')
        Atomics.wait(cells, 1, 0)
      },
    },
    close: () => pen.close(),
  }
})
