import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import type { Held } from '../../src/job/endpoint.ts'
import { HelveError } from '../../src/job/errors.ts'
import type { ClaimedJob } from '../../src/job/job.ts'
import { reply } from '../../src/pool/questions.ts'
import type { WebhookDesk } from '../../src/job/webhook-desk.ts'
import type { Answer } from '../../src/thread/protocol.ts'

const GUID = '72d3162e-cc78-11e3-81ab-4c9367dc0958'
const OPENING = {
  ...{ job: 5, attempt: 1, webhookId: 1, delivery: null },
  about: { guid: GUID, event: 'push', action: null, redelivery: false },
}
const JOB = { id: 5, token: 77 } as ClaimedJob
const ENTERING = { job: 5, endpoint: 'https://a.example' }
const HELD = { delay: 5, reason: 'endpoint https://a.example has failed' }

/** Asks for a thread that runs job 5 only. Resolves to the answer, and to what the desk was asked. */
async function ask(question: unknown, held?: Held): Promise<{ answer: Answer; asked: unknown[] }> {
  const asked: unknown[] = []
  const note = async (about: unknown): Promise<never> => {
    asked.push(about)
    return 'answered' as never
  }
  const desk: WebhookDesk = {
    getWebhook: note,
    openAttempt: async (opening, enter) => {
      await enter(ENTERING.endpoint)
      return note(opening)
    },
  }
  const { port1, port2 } = new MessageChannel()
  const told = once(port1, 'message') as Promise<[Answer]>
  const find = (id: unknown) => (id === 5 ? JOB : undefined)
  const enter = async (job: ClaimedJob, endpoint: string): Promise<Held | undefined> => {
    asked.push({ job: job.id, endpoint })
    return held
  }
  await reply({ desk, find, enter }, { question: question as never, id: 9 }, port2)
  const [answer] = await told
  port1.close()
  return { answer, asked }
}

describe('a question of a thread', () => {
  test('is answered', async () => {
    const questions: [question: { ask: string; about: unknown }, asked: unknown[]][] = [
      [{ ask: 'getWebhook', about: 3 }, [3]],
      [{ ask: 'openAttempt', about: OPENING }, [ENTERING, OPENING]],
    ]
    for (const [question, expected] of questions) {
      const { answer, asked } = await ask(question)
      assert.deepEqual(answer, { id: 9, answer: 'answered' })
      assert.deepEqual(asked, expected)
    }
    const entered = await ask({ ask: 'enterEndpoint', about: ENTERING })
    assert.deepEqual(entered, { answer: { id: 9, answer: undefined }, asked: [ENTERING] })
  })

  test('is answered with what keeps the run out of an endpoint', async () => {
    for (const [name, about] of [
      ['openAttempt', OPENING],
      ['enterEndpoint', ENTERING],
    ] as const) {
      const { answer, asked } = await ask({ ask: name, about }, HELD)
      assert.deepEqual([answer.held, asked], [HELD, [ENTERING]])
    }
  })

  test('is answered with the error of the store, and its code', async () => {
    const busy = new HelveError('HELVE_ERR_STORE_BUSY', 'file: another connection holds its lock')
    const fails = async (): Promise<never> => {
      throw busy
    }
    const { port1, port2 } = new MessageChannel()
    const told = once(port1, 'message') as Promise<[Answer]>
    const desk = { getWebhook: fails, openAttempt: fails }
    const asked = { desk, find: () => JOB, enter: async () => undefined }
    await reply(asked, { question: { ask: 'getWebhook', about: 3 }, id: 9 }, port2)
    const [answer] = await told
    port1.close()
    assert.deepEqual(answer, { id: 9, error: String(busy), code: 'HELVE_ERR_STORE_BUSY' })
  })

  const bad: [question: unknown, problem: RegExp][] = [
    [undefined, /ask: expected a question of a thread, got undefined/],
    [{ ask: 'constructor', about: 1 }, /ask: .* got "constructor"/],
    [{ ask: { toString: null }, about: 1 }, /ask: .* got an object/],
    [{ ask: 'x'.repeat(1_000_000) }, /ask: .* got "x{80}…"$/],
    ...[undefined, 0, -1, 1.5, NaN, '1', {}, [1]].map((about): [unknown, RegExp] => [
      { ask: 'getWebhook', about },
      /id: expected an? (integer|number) from 1/,
    ]),
    [{ ask: 'openAttempt' }, /job: expected an integer/],
    [{ ask: 'enterEndpoint' }, /endpoint: expected a string, got undefined/],
    [{ ask: 'enterEndpoint', about: { endpoint: 'x' } }, /job: expected a job of the thread/],
    [{ ask: 'enterEndpoint', about: { ...ENTERING, job: 6 } }, /job: .*, got 6/],
    [
      { ask: 'enterEndpoint', about: { ...ENTERING, endpoint: '' } },
      /endpoint: expected a string that is not empty/,
    ],
    [{ ask: 'enterEndpoint', about: { ...ENTERING, endpoint: 'a\0' } }, /endpoint: .*NUL/],
    [
      { ask: 'enterEndpoint', about: { ...ENTERING, endpoint: 'é'.repeat(252) } },
      /at most 503 bytes/,
    ],
    [{ ask: 'openAttempt', about: { ...OPENING, about: null } }, /guid: expected a UUID/],
    [
      { ask: 'openAttempt', about: { ...OPENING, job: 6 } },
      /job: expected a job of the thread, got 6/,
    ],
  ]
  for (const [question, problem] of bad) {
    test(`is refused: ${JSON.stringify(question)?.slice(0, 60)}`, async () => {
      const { answer, asked } = await ask(question)
      assert.match(answer.error ?? '', problem)
      assert.equal(answer.answer, undefined)
      assert.deepEqual(asked, [])
    })
  }
})
