import { MessageChannel, MessagePort, parentPort } from 'node:worker_threads'
import type { Job } from '../../../workers/define-handlers.ts'

// Handlers that send messages in the name of their thread, or of Piscina.

export interface Victim {
  id: number
  token: number
}

const COMPLETED = { type: 'completed', result: '"forged"', followUps: [], deliveries: [] }

/** Names that messages about ends of runs might have, now or later. */
const ENDS = ['outcome', 'outcomes', 'settled', 'settle', 'done', 'result', 'lost', 'released']

function messages({ id, token }: Victim): unknown[] {
  const log = { helve: 'log', level: 'info', id: null, fields: '{}', message: 'forged' }
  return [
    ...[undefined, null, 0, '', 'close', [], {}, new Map([[1, 2]]), new Error('posted'), 1n],
    ...ENDS.flatMap((helve) => [
      { helve },
      { helve, id, token, slot: 0, job: { id, token }, outcome: COMPLETED },
      { helve, id, token, slot: 0, outcome: { type: 'lost', reason: 'forged' } },
      { helve, id, index: 0, outcomes: [COMPLETED], results: [COMPLETED] },
    ]),
    ...reports(-token),
    { helve: { toString: null } },
    { helve: 'progress' },
    { helve: 'progress', id, value: 'forged' },
    { helve: 'progress', id: { toString: null }, value: 'forged' },
    { helve: 'log' },
    { ...log, level: 'fatal' },
    { ...log, level: 'constructor' },
    { ...log, level: { toString: null } },
    { ...log, message: { toString: null } },
    { ...log, message: null },
    { ...log, fields: null },
    { helve: 'question' },
    { helve: 'question', question: { ask: 'getWebhook', about: id }, reply: {}, id: 1, units: 1 },
    { helve: 'question', question: { ask: 'openAttempt' }, id: 1, units: 1 },
    { helve: 'question', question: { ask: 'getWebhook', about: id }, id: {}, units: 1 },
    { _WORKER_READY: true },
    { ready: true },
    { taskId: 0, result: COMPLETED, error: null, time: null },
    { taskId: 1, result: COMPLETED, error: null, time: null },
    { taskId: 1, result: null, error: new Error('forged'), time: null },
  ]
}

/** Reports without the token of the run, or without any sense. */
function reports(token: number): unknown[] {
  const report = { token, outcome: COMPLETED, took: 1 }
  const slots = [0, 1, 2, 3, -1, 0.5, 1e9, 'length', 'constructor', '__proto__', { toString: null }]
  return [true, false, undefined].flatMap((last) => [
    ...slots.map((slot) => ({ helve: 'reports', last, reports: [{ ...report, slot }] })),
    ...[undefined, null, {}, [null], [{}], [[]], [1]].map((reports) => {
      return { helve: 'reports', last, reports }
    }),
  ])
}

export const forgeries = {
  post(job: Job<Victim>) {
    for (const message of messages(job.payload)) parentPort?.postMessage(message)
    // Questions for webhooks that do not exist, with ports that nobody listens to.
    for (const id of [Number.NaN, { toString: null }, 1]) {
      const { port1, port2 } = new MessageChannel()
      port1.close()
      const question = { ask: 'getWebhook', about: id }
      parentPort?.postMessage({ helve: 'question', question, id: 1, reply: port2, units: 1 }, [
        port2,
      ])
    }
    for (const question of [
      undefined,
      { ask: 'close' },
      { ask: 'openAttempt', about: { job: 1 } },
    ]) {
      const { port2 } = new MessageChannel()
      parentPort?.postMessage({ helve: 'question', question, id: 1, reply: port2, units: 1 }, [
        port2,
      ])
    }
  },

  /** Answers in Piscina's place: for a task that does not exist, and twice for its own task. */
  answer() {
    const { postMessage } = MessagePort.prototype
    MessagePort.prototype.postMessage = function (message: unknown, ...rest: never[]) {
      const post = (sent: unknown): void => postMessage.call(this, sent, ...rest)
      if (typeof message !== 'object' || message === null || !('taskId' in message)) {
        return post(message)
      }
      MessagePort.prototype.postMessage = postMessage
      post({ ...message, taskId: 1e9 })
      post(message)
      post(message)
    }
  },
}
