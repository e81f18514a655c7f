import type { MessagePort } from 'node:worker_threads'
import { checkAttemptStart, type AttemptStart } from '../job/attempt-start.ts'
import { badOption, checkInteger } from '../job/check.ts'
import { read } from '../job/errors.ts'
import type { ClaimedJob } from '../job/job.ts'
import { checkEndpoint } from '../job/names.ts'
import type { WebhookDesk } from '../job/webhook-desk.ts'
import type { Answer, Question } from '../thread/protocol.ts'
import type { PoolListener } from './pool.ts'

/** What questions are answered with. */
export interface Asked {
  desk: WebhookDesk
  /** The job with this id, if the thread that asks runs the job. */
  find: (id: unknown) => ClaimedJob | undefined
  enter: PoolListener['enterEndpoint']
}

/** Answers a question of a thread: handlers can ask as well, and anything. Never rejects. */
export async function reply(asked: Asked, question: Question, port: MessagePort): Promise<void> {
  let answer: Answer
  try {
    answer = { answer: await answerOf(asked, question) }
  } catch (error) {
    const code = read(error, 'code')
    answer = { error: String(error), ...(typeof code === 'string' && { code }) }
  }
  port.postMessage(answer)
}

async function answerOf({ desk, find, enter }: Asked, question: Question): Promise<unknown> {
  const [ask, about] = [read(question, 'ask'), read(question, 'about')]
  switch (ask) {
    case 'getWebhook':
      return desk.getWebhook(checkId(about))
    case 'getDelivery':
      return desk.getDelivery(checkId(about))
    case 'beginAttempt':
      return desk.beginAttempt(checkOwn(checkAttemptStart(about), find))
    case 'enterEndpoint':
      return enter(checkRun(about, find), checkEndpoint(read(about, 'endpoint')))
    default:
      throw badOption('ask', 'a question of a thread', ask)
  }
}

function checkOwn(start: AttemptStart, find: Asked['find']): AttemptStart {
  if (find(start.job) !== undefined) return start
  throw badOption('job', 'a job of the thread', start.job)
}

/** The token keeps a handler from speaking for other jobs. */
function checkRun(about: unknown, find: Asked['find']): ClaimedJob {
  const id = read(about, 'job')
  const job = find(id)
  if (job !== undefined && job.token === read(about, 'token')) return job
  throw badOption('job', 'a job of the thread', id)
}

function checkId(id: unknown): number {
  return checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
}
