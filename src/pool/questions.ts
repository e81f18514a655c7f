import type { MessagePort } from 'node:worker_threads'
import { checkAttemptStart, type AttemptStart } from '../job/attempt-start.ts'
import { badOption, checkInteger } from '../job/check.ts'
import { read } from '../job/errors.ts'
import type { WebhookDesk } from '../job/webhook-desk.ts'
import type { Answer, Question } from '../thread/protocol.ts'

/** What questions are answered with. */
export interface Asked {
  desk: WebhookDesk
  /** Whether the thread that asks runs the job with this id. */
  runs: (job: number) => boolean
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

async function answerOf({ desk, runs }: Asked, question: Question): Promise<unknown> {
  const [ask, about] = [read(question, 'ask'), read(question, 'about')]
  switch (ask) {
    case 'getWebhook':
      return desk.getWebhook(checkId(about))
    case 'getDelivery':
      return desk.getDelivery(checkId(about))
    case 'beginAttempt':
      return desk.beginAttempt(checkOwn(checkAttemptStart(about), runs))
    default:
      throw badOption('ask', 'a question about webhooks', ask)
  }
}

function checkOwn(start: AttemptStart, runs: Asked['runs']): AttemptStart {
  if (runs(start.job)) return start
  throw badOption('job', 'a job of the thread', start.job)
}

function checkId(id: unknown): number {
  return checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
}
