import { MessagePort, parentPort } from 'node:worker_threads'
import { MAX_EFFECTS } from '../../../src/job/limits.ts'
import type { HandlerContext, Job, ThreadContext } from '../../../workers/define-handlers.ts'

/** How many messages each flood sends. */
export const FLOOD = 20_000
/** How many questions a flood asks: fewer, since the main thread answers each question. */
export const QUESTIONS = 1_000

/** The begin of the dedupe keys of the jobs that `floodFollowUps` enqueues. */
export const FOLLOWS = 'follows'

/** The message that `floodPosts` posts: a whole line. */
const LINE = { helve: 'log', level: 'info', id: null, fields: '{}', message: 'posted', units: 1 }

/** Handlers that flood the main thread. At the end each sets its job's cell, if there is one. */
export function floods(cells: Int32Array<SharedArrayBuffer>, thread: ThreadContext) {
  const done = ({ id }: Job): void => {
    if (id >= cells.length) return
    Atomics.store(cells, id, 1)
    Atomics.notify(cells, id)
  }
  return {
    floodLines(job: Job, ctx: HandlerContext) {
      for (let n = 0; n < FLOOD; n += 1) ctx.logger.info(`line ${n}`)
      done(job)
    },
    floodProgress(job: Job, ctx: HandlerContext) {
      for (let n = 0; n < FLOOD; n += 1) ctx.progress(n)
      done(job)
    },
    floodPosts(job: Job) {
      for (let n = 0; n < FLOOD; n += 2) {
        parentPort?.postMessage(LINE)
        Reflect.apply(MessagePort.prototype.postMessage, parentPort, [LINE])
      }
      done(job)
    },
    async floodQuestions() {
      const ask = (): Promise<unknown> => thread.webhooks.getWebhook(1)
      const answers = await Promise.all(Array.from({ length: QUESTIONS }, ask))
      return answers.length
    },
    /** Enqueues as many jobs as a run may enqueue. */
    floodFollowUps(job: Job, ctx: HandlerContext) {
      const { id, kind } = job
      const echo = kind.replace('floodFollowUps', 'echo')
      for (let n = 0; n < MAX_EFFECTS; n += 1) {
        ctx.enqueue(echo, { n }, { dedupeKey: `${FOLLOWS} ${id} ${n}` })
      }
      done(job)
    },
    closesPort(_: Job, ctx: HandlerContext) {
      parentPort?.close()
      ctx.progress('runs')
      return 'through'
    },
  }
}
