import { MessagePort, parentPort } from 'node:worker_threads'
import { MAX_EFFECTS } from '../../../src/job/limits.ts'
import type { HandlerContext, Job, ThreadContext } from '../../../workers/define-handlers.ts'

/** How much each flood is. */
export const FLOOD = 20_000
/** Questions take longer: each is answered. */
export const QUESTIONS = 1_000

/** Dedupe keys of the jobs that `floodFollowUps` enqueues begin with it. */
export const FOLLOWS = 'follows'

/** What `floodPosts` posts: a line that is whole. */
const LINE = { helve: 'log', level: 'info', id: null, fields: '{}', message: 'posted', units: 1 }

/** Handlers that say more than anybody can hear. Each sets its job's cell, if there is one, in the end. */
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
    /** As much as a run may enqueue. */
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
