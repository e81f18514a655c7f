import type { MessagePort } from 'node:worker_threads'
import { checkOpening } from '../job/attempt-start.ts'
import { badOption, checkInteger } from '../job/check.ts'
import { EndpointHeldError, heldBy } from '../job/endpoint.ts'
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
export async function reply(
  asked: Asked,
  { question, id }: { question: Question; id: number },
  port: MessagePort,
): Promise<void> {
  let answer: Answer
  try {
    answer = { id, answer: await answerOf(asked, question) }
  } catch (error) {
    const [code, held] = [read(error, 'code'), heldBy(error)]
    answer = {
      ...{ id, error: String(error) },
      ...(typeof code === 'string' && { code }),
      ...(held && { held }),
    }
  }
  port.postMessage(answer)
}

async function answerOf({ desk, find, enter }: Asked, question: Question): Promise<unknown> {
  const [ask, about] = [read(question, 'ask'), read(question, 'about')]
  const entering = (job: ClaimedJob) => async (endpoint: string) => {
    const held = await enter(job, endpoint)
    if (held !== undefined) throw new EndpointHeldError(held)
  }
  switch (ask) {
    case 'getWebhook':
      return desk.getWebhook(checkInteger(about, 'id', 1, Number.MAX_SAFE_INTEGER))
    case 'openAttempt': {
      const opening = checkOpening(about)
      return desk.openAttempt(opening, entering(own(opening.job, find)))
    }
    case 'enterEndpoint': {
      const endpoint = checkEndpoint(read(about, 'endpoint'))
      return entering(own(read(about, 'job'), find))(endpoint)
    }
    default:
      throw badOption('ask', 'a question of a thread', ask)
  }
}

/** A thread may ask for the jobs alone that it runs. */
function own(id: unknown, find: Asked['find']): ClaimedJob {
  const job = find(id)
  if (job !== undefined) return job
  throw badOption('job', 'a job of the thread', id)
}
