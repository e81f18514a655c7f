import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { HelveError } from '../../src/job/errors.ts'
import type { ClaimedJob } from '../../src/job/job.ts'
import { reply } from '../../src/pool/questions.ts'
import type { Answer } from '../../src/thread/protocol.ts'

const START = {
  ...{ job: 5, attempt: 1, webhookId: 1, guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958' },
  ...{ event: 'push', action: null, redelivery: false, delivery: null, url: 'http://a/' },
}

const JOB = { id: 5, token: 77 } as ClaimedJob
const ENTERING = { job: 5, token: 77, endpoint: 'https://a.example' }

/** Asks for a thread that runs job 5 only. Resolves to the answer, and to what the desk was asked. */
async function ask(question: unknown): Promise<{ answer: Answer; asked: unknown[] }> {
  const asked: unknown[] = []
  const note = async (about: unknown): Promise<never> => {
    asked.push(about)
    return 'answered' as never
  }
  const desk = { getWebhook: note, getDelivery: note, beginAttempt: note }
  const { port1, port2 } = new MessageChannel()
  const told = once(port1, 'message') as Promise<[Answer]>
  const find = (id: unknown) => (id === 5 ? JOB : undefined)
  const enter = async (job: ClaimedJob, endpoint: string): Promise<never> =>
    note({ job: job.id, token: job.token, endpoint })
  await reply({ desk, find, enter }, question as never, port2)
  const [answer] = await told
  port1.close()
  return { answer, asked }
}

describe('a question of a thread', () => {
  test('is answered', async () => {
    for (const question of [
      { ask: 'getWebhook', about: 3 },
      { ask: 'getDelivery', about: 3 },
      { ask: 'beginAttempt', about: START },
      { ask: 'enterEndpoint', about: ENTERING },
    ]) {
      const { answer, asked } = await ask(question)
      assert.deepEqual(answer, { answer: 'answered' })
      assert.deepEqual(asked, [question.about])
    }
  })

  test('is answered with the error of the store, and its code', async () => {
    const busy = new HelveError('HELVE_ERR_STORE_BUSY', 'file: another connection holds its lock')
    const fails = async (): Promise<never> => {
      throw busy
    }
    const { port1, port2 } = new MessageChannel()
    const told = once(port1, 'message') as Promise<[Answer]>
    const desk = { getWebhook: fails, getDelivery: fails, beginAttempt: fails }
    const enter = async () => undefined
    await reply({ desk, find: () => JOB, enter }, { ask: 'getWebhook', about: 3 }, port2)
    const [answer] = await told
    port1.close()
    assert.deepEqual(answer, { error: String(busy), code: 'HELVE_ERR_STORE_BUSY' })
  })

  const bad: [question: unknown, problem: RegExp][] = [
    [undefined, /ask: expected a question of a thread, got undefined/],
    [{ ask: 'constructor', about: 1 }, /ask: .* got "constructor"/],
    [{ ask: { toString: null }, about: 1 }, /ask: .* got an object/],
    [{ ask: 'x'.repeat(1_000_000) }, /ask: .* got "x{80}…"$/],
    ...['getWebhook', 'getDelivery'].flatMap((name): [unknown, RegExp][] =>
      [undefined, 0, -1, 1.5, NaN, '1', {}, [1]].map((about) => [
        { ask: name, about },
        /id: expected an? (integer|number) from 1/,
      ]),
    ),
    [{ ask: 'beginAttempt' }, /job: expected an integer/],
    [{ ask: 'enterEndpoint' }, /job: expected a job of the thread, got undefined/],
    [{ ask: 'enterEndpoint', about: { ...ENTERING, job: 6 } }, /job: .*, got 6/],
    [{ ask: 'enterEndpoint', about: { ...ENTERING, token: 78 } }, /job: .*, got 5/],
    [
      { ask: 'enterEndpoint', about: { ...ENTERING, endpoint: '' } },
      /endpoint: expected a string that is not empty/,
    ],
    [{ ask: 'enterEndpoint', about: { ...ENTERING, endpoint: 'a\0' } }, /endpoint: .*NUL/],
    [
      { ask: 'enterEndpoint', about: { ...ENTERING, endpoint: 'é'.repeat(252) } },
      /at most 503 bytes/,
    ],
    [{ ask: 'beginAttempt', about: { ...START, url: 'x'.repeat(1_000_000) } }, /url: expected/],
    [
      { ask: 'beginAttempt', about: { ...START, job: 6 } },
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
