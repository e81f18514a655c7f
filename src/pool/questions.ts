import type { MessagePort } from 'node:worker_threads'
import { checkAttemptStart } from '../job/attempt-start.ts'
import { badOption, checkInteger } from '../job/check.ts'
import { read } from '../job/errors.ts'
import type { WebhookDesk } from '../job/webhook-desk.ts'
import type { Answer, Question } from '../thread/protocol.ts'

/** Answers a question of a thread: handlers can ask as well, and anything. Never rejects. */
export async function reply(
  desk: WebhookDesk,
  question: Question,
  port: MessagePort,
): Promise<void> {
  let answer: Answer
  try {
    answer = { answer: await answerOf(desk, question) }
  } catch (error) {
    answer = { error: String(error) }
  }
  port.postMessage(answer)
}

async function answerOf(desk: WebhookDesk, question: Question): Promise<unknown> {
  const [ask, about] = [read(question, 'ask'), read(question, 'about')]
  switch (ask) {
    case 'getWebhook':
      return desk.getWebhook(checkId(about))
    case 'getDelivery':
      return desk.getDelivery(checkId(about))
    case 'beginAttempt':
      return desk.beginAttempt(checkAttemptStart(about))
    default:
      throw badOption('ask', 'a question about webhooks', ask)
  }
}

function checkId(id: unknown): number {
  return checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
}
