import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  HelveError,
  StoreEnqueuer,
  type HandlerContext,
  type HelveErrorCode,
} from '../../src/index.ts'
import { refusal } from '../support/jobs.ts'
import { openStore } from '../support/store.ts'
import { BAD_SUBMISSIONS } from '../support/runtime/bad-submissions.ts'
import { tryAll, type Refused } from '../support/runtime/doors.ts'
import { openHarness } from '../support/runtime/harness.ts'

// The ways to enqueue other than the runtime's own verbs, which bad-submissions.test.ts tries.

const GOOD = { good: { queued: 1, running: 0, dead: 0 } }

/** Asserts that each bad submission was refused with its own code and message. */
function assertRefused(refused: Refused[]): void {
  assert.equal(refused.length, BAD_SUBMISSIONS.length)
  for (const [at, [code, , ...named]] of BAD_SUBMISSIONS.entries()) {
    const { code: came, message } = refused[at]!
    refusal(code, ...named)(new HelveError(came as HelveErrorCode, message))
  }
}

describe('I10: only bad submissions are refused, and the others are enqueued', () => {
  test('by an enqueuer of another process', async (t) => {
    const store = await openStore(t)
    const enqueuer = new StoreEnqueuer(store)
    const enqueue = (...given: unknown[]): Promise<unknown> =>
      Reflect.apply(enqueuer.enqueue, enqueuer, given) as Promise<unknown>
    assertRefused(await tryAll(enqueue))
    await enqueuer.enqueue('good')
    assert.deepEqual(await store.counts(), GOOD)
  })

  test('by the context of a handler in a thread: its run goes on', async (t) => {
    const h = await openHarness(t)
    void h.run()
    await h.runtime.pause({ kind: 'good' })
    const { id } = await h.runtime.enqueue('triesDoors')
    const { result } = await h.event('completed', id)
    assertRefused(result as Refused[])
    assert.deepEqual(await h.runtime.counts(), GOOD)
  })

  test('by the context of a handler on the main thread', async (t) => {
    const h = await openHarness(t)
    const refused: Refused[] = []
    h.runtime.register('inline:tries', async (_, ctx: HandlerContext) => {
      refused.push(...(await tryAll((...given) => Reflect.apply(ctx.enqueue, ctx, given))))
      ctx.enqueue('good')
    })
    await h.runtime.pause({ kind: 'good' })
    void h.run()
    const { id } = await h.runtime.enqueue('inline:tries')
    await h.event('completed', id)
    assertRefused(refused)
    assert.deepEqual(await h.runtime.counts(), GOOD)
  })
})
