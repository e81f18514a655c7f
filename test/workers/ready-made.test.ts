import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPermanent } from '../../src/job/errors.ts'
import type { Handler, HandlerContext } from '../../src/run/handler.ts'
import {
  recomputeMergeabilityHandler,
  recomputeReviewDecisionHandler,
  reindexSearchHandler,
} from '../../workers/handlers.ts'
import { run } from './run.ts'

type Work = (pk: number, ctx: HandlerContext) => unknown

const handlers: [string, string, string, (work: Work) => Handler<never>][] = [
  [
    'recomputeMergeabilityHandler',
    'issue_pk',
    'recomputer.recomputeMergeability',
    (work) => recomputeMergeabilityHandler({ recomputeMergeability: work }),
  ],
  [
    'recomputeReviewDecisionHandler',
    'issue_pk',
    'recomputer.recomputeReviewDecision',
    (work) => recomputeReviewDecisionHandler({ recomputeReviewDecision: work }),
  ],
  [
    'reindexSearchHandler',
    'repo_pk',
    'reindexer.reindexRepoCode',
    (work) => reindexSearchHandler({ reindexRepoCode: work }),
  ],
]

for (const [name, field, method, make] of handlers) {
  describe(name, () => {
    it(`hands its host the ${field} and the context`, async () => {
      const calls: unknown[][] = []
      const { signal } = new AbortController()
      const handler = make((pk, ctx) => calls.push([pk, ctx.signal]))
      const { error } = await run(handler, { [field]: 5, more: 1 }, { signal })
      assert.equal(error, undefined)
      assert.deepEqual(calls, [[5, signal]])
    })

    it('fails with the error that its host throws, or rejects with', async () => {
      const failure = new Error('out of order')
      const thrown = await run(make(() => { throw failure }), { [field]: 5 }) // prettier-ignore
      assert.equal(thrown.error, failure)
      const rejected = await run(
        make(() => Promise.reject(failure)),
        { [field]: 5 },
      )
      assert.equal(rejected.error, failure)
    })

    it(`is dead at once without a usable ${field}`, async () => {
      const came: [unknown, string][] = [
        [{}, 'undefined'],
        [null, 'undefined'],
        ['text', 'undefined'],
        [{ [field]: null }, 'null'],
        [{ [field]: '5' }, '"5"'],
        [{ [field]: 0 }, '0'],
        [{ [field]: -1 }, '-1'],
        [{ [field]: 1.5 }, '1.5'],
        [{ [field]: 2 ** 53 }, '9007199254740992'],
        [{ [field]: [5] }, 'an array'],
      ]
      for (const [payload, shown] of came) {
        const { error } = await run(
          make(() => assert.fail('called')),
          payload,
        )
        assert.ok(isPermanent(error))
        assert.equal(
          (error as Error).message,
          `payload.${field}: expected a positive integer, got ${shown}`,
        )
      }
    })

    it('refuses a host that lacks the method', () => {
      const message = `${method}: expected a function, got undefined`
      assert.throws(() => make(undefined as never), { code: 'HELVE_ERR_OPTION', message })
    })
  })
}

it('calls the method with its object as `this`', async () => {
  class Index {
    rebuilt: number[] = []
    reindexRepoCode(repoPk: number) {
      this.rebuilt.push(repoPk)
    }
  }
  const index = new Index()
  await run(reindexSearchHandler(index), { repo_pk: 3 })
  assert.deepEqual(index.rebuilt, [3])
})
