import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClaimedJob } from '../../../src/job/job.ts'
import type { Settle } from '../../../src/store/turn.ts'
import {
  aDelivery,
  aJob,
  anError,
  buries,
  claim,
  claimOne,
  completes,
  enqueue,
  NOW,
  requeues,
  settle,
  turn,
} from '../../support/jobs.ts'
import type { Open } from '../contract.ts'

const LATER = NOW + 60_000
const EVER = Number.MAX_SAFE_INTEGER

const WAYS: Record<string, (job: ClaimedJob) => Settle> = {
  complete: (job) => completes(job),
  retry: (job) => requeues(job),
  die: (job) => buries(job),
}

export function settling(open: Open): void {
  describe('settle', () => {
    for (const [way, end] of Object.entries(WAYS)) {
      test(`I5: a second settle to ${way} of the same claim changes nothing`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, aJob())
        const job = await claimOne(store)
        const both = await turn(store, { settles: [end(job), end(job)] })
        assert.deepEqual(
          both.settled.map((settled) => settled !== undefined),
          [true, false],
        )
        const row = await store.get(job.id)
        const counts = await store.counts()
        assert.equal(await settle(store, end(job), LATER), undefined)
        assert.deepEqual(await store.get(job.id), row)
        assert.deepEqual(await store.counts(), counts)
      })

      test(`I5: a forged settle to ${way} changes nothing`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, aJob(), aJob())
        const [job, other] = await claim(store)
        const before = await store.list({})
        const forged = [
          { ...job!, token: job!.token + 1_000 },
          { ...job!, token: other!.token },
          { ...job!, id: 99 },
        ]
        const { settled } = await turn(store, { settles: forged.map(end) })
        assert.deepEqual(settled, [undefined, undefined, undefined])
        assert.deepEqual(await store.list({}), before)
        assert.deepEqual(await store.counts(), { reindex: { queued: 0, running: 2, dead: 0 } })
      })

      test(`I5: a settle to ${way} counts, and a later completion of the same claim does not`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, aJob({ payload: 'first' }))
        const job = await claimOne(store)
        const first = { ...end(job), followUps: [aJob({ payload: 'next' })] }
        const { settled } = await turn(store, { settles: [first, completes(job)] })
        const [one, other] = settled
        assert.deepEqual([one?.state, other], [first.move.to, undefined])
        assert.deepEqual([one?.followUps.length, one?.rerun], [1, false])
      })

      test(`I5: a late settle to ${way} changes nothing while the job runs again`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, aJob({ dedupeKey: 'k' }))
        const first = await claimOne(store)
        await settle(store, requeues(first))
        const second = await claimOne(store)
        const running = await store.get(first.id)
        assert.equal(await settle(store, end(first), LATER), undefined)
        assert.deepEqual(await store.get(first.id), running)
        assert.equal((await settle(store, end(second)))?.rerun, false)
      })

      test(`I5: a settle to ${way} after a recovery changes nothing`, async (t) => {
        const { store, reopen } = await open(t)
        await enqueue(store, aJob())
        await store.join(NOW)
        const job = await claimOne(store)
        await store.close()
        const next = await reopen()
        const [lost] = await next.join(LATER)
        const recovery = requeues(lost!, { charge: 'crash', runAt: LATER })
        assert.equal((await settle(next, recovery, LATER))?.state, 'queued')
        const recovered = await next.get(job.id)
        assert.equal(await settle(next, end(job), LATER), undefined)
        assert.deepEqual(await next.get(job.id), recovered)
      })

      test(`I5: a settle to ${way} that is not owned leaves no follow-up and no delivery`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, aJob())
        const job = await claimOne(store)
        await settle(store, completes(job))
        const late = { ...end(job), followUps: [aJob()], deliveries: [aDelivery()] }
        assert.equal(await settle(store, late), undefined)
        assert.deepEqual(await store.counts(), {})
        assert.equal(await store.pruneDeliveries(EVER), 0)
      })

      test(`a settle to ${way} writes its follow-ups and deliveries`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, aJob())
        const job = await claimOne(store)
        const followUps = [
          aJob({ kind: 'next', dedupeKey: 'n', payload: 1 }),
          aJob({ kind: 'next', dedupeKey: 'n', payload: 2 }),
        ]
        const deliveries = [aDelivery(), aDelivery({ attempt: 2, status: null, error: 'timeout' })]
        const settled = await settle(store, { ...end(job), followUps, deliveries }, LATER)
        assert.equal(settled?.followUps.length, 2)
        const [first, second] = settled.followUps
        assert.deepEqual(second, { id: first!.id, deduped: true, state: 'queued' })
        const next = await store.get(first!.id)
        assert.deepEqual([next?.kind, next?.payload, next?.createdAt], ['next', 2, LATER])
        assert.equal(await store.pruneDeliveries(EVER), 2)
      })
    }

    test('I10: a follow-up whose key another kind holds does not stop the rest of the turn', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ kind: 'holder', dedupeKey: 'k', runAt: LATER }))
      await enqueue(store, aJob({ kind: 'a' }), aJob({ kind: 'b' }))
      const [a, b] = await claim(store)
      const { settled, enqueued } = await turn(store, {
        settles: [completes(a!, { followUps: [aJob({ dedupeKey: 'k' })] }), completes(b!)],
        enqueues: [aJob({ kind: 'new' })],
      })
      assert.equal(settled[1]?.state, 'completed')
      assert.ok(enqueued[0] && 'id' in enqueued[0])
      assert.deepEqual(await store.list({ state: 'running', kind: 'b' }), { jobs: [] })
    })

    test('a follow-up may use the key of the job that it follows', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ dedupeKey: 'k' }))
      const job = await claimOne(store)
      const followUps = [aJob({ dedupeKey: 'k', payload: 'next' })]
      const settled = await settle(store, completes(job, { followUps }))
      assert.deepEqual([settled?.state, settled?.rerun], ['completed', false])
      const [next] = settled?.followUps ?? []
      assert.equal(next?.deduped, false)
      assert.deepEqual((await store.get(next.id))?.payload, 'next')
    })

    for (const beside of ['in time', 'late'] as const) {
      test(`nothing folds into a job that completes in the same turn, with another settle ${beside}`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, aJob(), aJob(), aJob({ dedupeKey: 'k' }))
        const claimed = await claim(store)
        // A job with a key is written before the others of its turn.
        const keyed = claimed.find(({ dedupeKey }) => dedupeKey === 'k')
        const [other, first] = claimed.filter((job) => job !== keyed)
        if (beside === 'late') await settle(store, completes(other!))
        const followUps = [aJob({ dedupeKey: 'k' })]
        const settles = [completes(other!), requeues(first!, { followUps }), completes(keyed!)]
        const { settled } = await turn(store, { settles })
        assert.equal(settled[0] !== undefined, beside === 'in time')
        assert.deepEqual(settled[2], { state: 'completed', rerun: false, followUps: [] })
        const next = { id: claimed.length + 1, deduped: false, state: 'queued' } as const
        assert.deepEqual(settled[1]?.followUps, [next])
      })
    }

    test('completed: the row is gone', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob())
      const job = await claimOne(store)
      const settled = await settle(store, completes(job))
      assert.deepEqual(settled, { state: 'completed', rerun: false, followUps: [] })
      assert.equal(await store.get(job.id), undefined)
    })

    const error = anError({ name: 'TypeError', stack: 'at x', code: 'E_X' })

    test('queued: the row waits for its time, without a claim', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob())
      const job = await claimOne(store)
      const settled = await settle(store, requeues(job, { runAt: LATER, error }), NOW + 5)
      assert.deepEqual(settled, { state: 'queued', rerun: false, followUps: [] })
      const row = await store.get(job.id)
      assert.deepEqual(
        [row?.state, row?.runAt, row?.startedAt, row?.diedAt],
        ['queued', LATER, null, null],
      )
      assert.deepEqual(row?.errors, [{ ...error, at: NOW + 5, attempt: 1 }])
      assert.deepEqual(await claim(store, 1, LATER - 1), [])
      assert.equal((await claimOne(store, LATER)).attempt, 2)
    })

    test('dead: the row is kept, with its reason, and is not claimed', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob())
      const job = await claimOne(store)
      const settled = await settle(store, buries(job, { error }), LATER)
      assert.deepEqual(settled, { state: 'dead', rerun: false, followUps: [] })
      const row = await store.get(job.id)
      assert.deepEqual([row?.state, row?.diedAt, row?.startedAt], ['dead', LATER, null])
      assert.deepEqual(row?.errors, [{ ...error, at: LATER, attempt: 1 }])
      assert.deepEqual(await claim(store, 1, LATER), [])
    })

    const charges = { attempt: [2, 1], crash: [1, 2], nothing: [1, 1] } as const
    for (const charge of ['attempt', 'crash', 'nothing'] as const) {
      for (const way of [requeues, buries]) {
        test(`I6: ${way.name} charged with ${charge}`, async (t) => {
          const { store } = await open(t)
          await enqueue(store, aJob())
          await settle(store, requeues(await claimOne(store), { charge: 'crash' }))
          await settle(store, requeues(await claimOne(store), { charge: 'attempt' }))
          const job = await claimOne(store)
          assert.deepEqual([job.attempt, job.crashes], [2, 1])
          await settle(store, way(job, { charge }))
          const row = await store.get(job.id)
          assert.deepEqual([row?.attempts, row?.crashes], charges[charge])
        })
      }
    }

    test('the newest ten errors are kept, oldest first', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob())
      for (let run = 1; run <= 12; run++) {
        const message = `failure ${run}`
        const job = await claimOne(store)
        await settle(store, requeues(job, { error: anError({ message }) }), NOW + run)
      }
      const job = await claimOne(store)
      const expected = Array.from({ length: 10 }, (_, index) => {
        const run = index + 3
        return { ...anError({ message: `failure ${run}` }), at: NOW + run, attempt: run }
      })
      assert.deepEqual((await store.get(job.id))?.errors, expected)
      await settle(store, requeues(job, { error: null, charge: 'nothing' }))
      assert.deepEqual((await store.get(job.id))?.errors, expected)
    })

    test('I2: a turn of many settles writes each of them', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...Array.from({ length: 30 }, () => aJob()))
      const jobs = await claim(store)
      const ends = Object.values(WAYS)
      const settles = jobs.map((job, index) => ends[index % 3]!(job))
      const { settled } = await turn(store, { settles })
      assert.deepEqual(
        settled.map((one) => one?.state),
        jobs.map((_, index) => ['completed', 'queued', 'dead'][index % 3]),
      )
      assert.deepEqual(await store.counts(), { reindex: { queued: 10, running: 0, dead: 10 } })
    })
  })
}
