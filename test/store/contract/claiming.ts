import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NewJob } from '../../../src/job/job.ts'
import type { Admission, Queue } from '../../../src/store/admission.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  admission,
  aJob,
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

const three = (kind: string, priority = 0) =>
  Array.from({ length: 3 }, () => aJob({ kind, priority }))

/** The queues of one kind. */
const of = (queues: Queue[], kind: string) => queues.filter((queue) => queue.kind === kind)

/** Admits everything, up to a limit. */
const all = (limit: number) => (queues: Queue[]) => [admission(queues, limit)]

export function claiming(open: Open): void {
  describe('claim', () => {
    test('goes by priority, then runAt, then id, over all kinds', async (t) => {
      const { store } = await open(t)
      const results = await enqueue(
        store,
        aJob({ kind: 'a', priority: 1, runAt: NOW - 9 }), // 0
        aJob({ kind: 'b', priority: 0, runAt: NOW - 1 }), // 1
        aJob({ kind: 'a', priority: 0, runAt: NOW - 2 }), // 2
        aJob({ kind: 'c', priority: -5, runAt: LATER }), // 3: first by priority, but not due
        aJob({ kind: 'b', priority: 0, runAt: NOW - 2 }), // 4
        aJob({ kind: 'a', priority: 0, runAt: NOW - 2 }), // 5
        aJob({ kind: 'c', priority: 1, runAt: NOW - 8 }), // 6
        aJob({ kind: 'c', priority: -1, runAt: NOW }), // 7
        aJob({ kind: 'a', priority: 0, runAt: LATER }), // 8: not due
      )
      const order = [7, 2, 4, 5, 1, 0, 6].map((place) => results[place]!.id)
      const oneByOne = [await claimOne(store), ...(await claim(store, 2)), await claimOne(store)]
      const rest = await claim(store)
      assert.deepEqual(
        [...oneByOne, ...rest].map(({ id }) => id),
        order,
      )
    })

    test('gives all that a run needs, and marks the row', async (t) => {
      const { store } = await open(t)
      const overrides = { timeout: 5_000, backoff: { type: 'fixed', delay: 7 } } as const
      const job = aJob({ payload: [1], dedupeKey: 'k', priority: 2, maxAttempts: 3, overrides })
      const { id } = await store.enqueue(job, NOW)
      const claimed = await claimOne(store, LATER)
      assert.ok(Number.isSafeInteger(claimed.token))
      assert.deepEqual(claimed, {
        id,
        token: claimed.token,
        kind: 'reindex',
        payload: '[1]',
        dedupeKey: 'k',
        priority: 2,
        attempt: 1,
        maxAttempts: 3,
        crashes: 0,
        createdAt: NOW,
        since: NOW,
        runAt: NOW,
        overrides,
        group: null,
      })
      const row = await store.get(id)
      assert.deepEqual([row?.state, row?.attempts, row?.startedAt], ['running', 1, LATER])
    })

    test('gives every claim a token of its own', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob(), aJob())
      const [first, second] = await claim(store)
      await settle(store, requeues(first!))
      const again = await claimOne(store)
      assert.equal(new Set([first!.token, second!.token, again.token]).size, 3)
    })

    test('I3: a job that was claimed is not claimed again', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob(), aJob())
      assert.equal((await claim(store)).length, 2)
      assert.deepEqual(await claim(store, 100, LATER), [])
    })

    test('an admission lets in its own queues, up to its limit', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...three('a'), ...three('a', 1), ...three('b'), ...three('c'))
      const { claimed } = await turn(store, {
        admit: (queues) => [
          admission(of(queues, 'a'), 5),
          admission(of(queues, 'b'), 0),
          admission(of(queues, 'c'), 1),
          admission([], 9),
        ],
      })
      assert.deepEqual(
        claimed.map(({ kind, priority }) => `${kind}${priority}`),
        ['a0', 'a0', 'a0', 'a1', 'a1', 'c0'],
      )
      assert.deepEqual(await store.counts(), {
        a: { queued: 1, running: 5, dead: 0 },
        b: { queued: 3, running: 0, dead: 0 },
        c: { queued: 2, running: 1, dead: 0 },
      })
    })

    test('`admit` is given the queues that may have due jobs, with the jobs of the turn', async (t) => {
      const { store } = await open(t)
      await enqueue(
        store,
        aJob({ kind: 'a' }),
        aJob({ kind: 'b' }),
        aJob({ kind: 'c', runAt: LATER }),
      )
      const [a, b] = await claim(store)
      let seen: Queue[] = []
      await turn(store, {
        settles: [requeues(a!, { runAt: LATER }), completes(b!, { followUps: [aJob()] })],
        enqueues: [aJob({ kind: 'a' }), aJob({ kind: 'a', priority: 4, runAt: LATER })],
        admit: (backlog) => {
          seen = backlog
          return []
        },
      })
      assert.deepEqual(
        seen.toSorted((x, y) => x.kind.localeCompare(y.kind) || x.priority - y.priority),
        [
          { kind: 'a', priority: 0 },
          { kind: 'a', priority: 4 },
          { kind: 'reindex', priority: 0 },
        ],
      )
    })

    test('an `admit` that throws undoes the whole turn', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob())
      const job = await claimOne(store)
      const mistake = new Error('mistake')
      const failing = turn(store, {
        settles: [completes(job, { followUps: [aJob({ kind: 'next' })] })],
        enqueues: [aJob({ kind: 'new' })],
        admit: () => {
          throw mistake
        },
      })
      await assert.rejects(failing, (error) => error === mistake)
      assert.deepEqual(await store.counts(), { reindex: { queued: 0, running: 1, dead: 0 } })
      assert.equal((await settle(store, completes(job)))?.state, 'completed')
      assert.deepEqual(await store.counts(), {})
    })

    describe('nextDue', () => {
      const cases: [name: string, runAts: number[], Expected][] = [
        ['Infinity when nothing is queued', [], { admit: all(5), nextDue: Infinity }],
        ['Infinity when all that is queued was due', [0, 0], { admit: all(5), nextDue: Infinity }],
        ['when the first job is due that is not yet', [9, 0, 7, 8], { admit: all(5), nextDue: 7 }],
        ['the same when an admission was filled', [0, 7], { admit: all(1), nextDue: 7 }],
        ['the same without admissions', [7], { admit: () => [], nextDue: 7 }],
      ]
      interface Expected {
        admit: (queues: Queue[]) => Admission[]
        nextDue: number
      }
      for (const [name, runAts, { admit, nextDue }] of cases) {
        test(`is ${name}`, async (t) => {
          const { store } = await open(t)
          await enqueue(store, ...runAts.map((ms) => aJob({ runAt: NOW + ms, priority: ms })))
          const result = await turn(store, { admit })
          assert.equal(result.nextDue - NOW, nextDue)
        })
      }

      test('counts a retry that the same turn queues', async (t) => {
        const { store } = await open(t)
        await enqueue(store, aJob())
        const job = await claimOne(store)
        const settles = [requeues(job, { runAt: NOW + 3 })]
        const { nextDue } = await turn(store, { settles, admit: all(1) })
        assert.equal(nextDue, NOW + 3)
      })
    })

    test('oldestDue is the runAt of the job that has waited longest', async (t) => {
      const { store } = await open(t)
      assert.equal(await store.oldestDue(NOW), undefined)
      await enqueue(store, aJob({ runAt: NOW + 1 }))
      assert.equal(await store.oldestDue(NOW), undefined)
      assert.equal(await store.oldestDue(NOW + 1), NOW + 1)
      await enqueue(store, aJob({ kind: 'b', priority: 9, runAt: NOW - 7 }), aJob({ priority: -9 }))
      assert.equal(await store.oldestDue(NOW), NOW - 7)
      await claim(store)
      assert.equal(await store.oldestDue(NOW), undefined)
    })

    test('one job at a time: claim, complete, fail', async (t) => {
      const { store } = await open(t)
      assert.equal(await store.claim(NOW), undefined)
      await enqueue(store, aJob({ priority: 1 }), aJob({ kind: 'first' }))
      const first = await store.claim(NOW)
      const second = await store.claim(NOW)
      assert.deepEqual([first?.kind, second?.kind], ['first', 'reindex'])
      assert.equal(await store.claim(NOW), undefined)
      assert.equal(await store.complete(first!, NOW), true)
      assert.equal(await store.complete(first!, NOW), false)
      assert.equal(await store.get(first!.id), undefined)
      const { move } = requeues(second!, { runAt: LATER })
      assert.equal(await store.fail(second!, move, NOW), true)
      assert.equal(await store.fail(second!, move, NOW), false)
      assert.equal((await store.get(second!.id))?.runAt, LATER)
    })
  })

  describe('a job that is enqueued in the turn that claims', () => {
    const claimedOf = async (store: Store, enqueues: NewJob[], room: number) => {
      const result = await turn(store, { enqueues, admit: all(room) })
      const place = new Map(result.enqueued.map((one, i) => ['id' in one ? one.id : 0, i]))
      return { ...result, places: result.claimed.map(({ id }) => place.get(id)) }
    }

    test('is running when the turn is over, and settles like any other job', async (t) => {
      const { store } = await open(t)
      const overrides = { timeout: 5_000 }
      const job = aJob({ payload: [1], maxAttempts: 3, overrides })
      const { claimed, enqueued } = await claimedOf(store, [job], 1)
      const { id, token, ...rest } = claimed[0]!
      assert.deepEqual(enqueued, [{ id, deduped: false, state: 'running' }])
      assert.deepEqual(rest, {
        ...{ kind: 'reindex', payload: '[1]', dedupeKey: null, priority: 0, attempt: 1 },
        ...{ maxAttempts: 3, crashes: 0, createdAt: NOW, since: NOW, runAt: NOW },
        ...{ overrides, group: null },
      })
      const row = await store.get(id)
      assert.deepEqual([row?.state, row?.attempts, row?.startedAt], ['running', 1, NOW])
      assert.deepEqual(await store.counts(), { reindex: { queued: 0, running: 1, dead: 0 } })
      const late = { ...claimed[0]!, token: token + 1 }
      assert.equal(await settle(store, completes(late)), undefined)
      assert.equal((await settle(store, completes(claimed[0]!)))?.state, 'completed')
      assert.deepEqual(await store.counts(), {})
    })

    const many = (count: number, over: Partial<NewJob> = {}) =>
      Array.from({ length: count }, (_, n) => aJob({ payload: n, ...over }))

    const cases: [what: string, enqueues: NewJob[], room: number, claimed: number[]][] = [
      ['all of them', many(3), 9, [0, 1, 2]],
      ['many of them', many(57), 50, Array.from({ length: 50 }, (_, n) => n)],
      ['no more than there is room for', many(3), 2, [0, 1]],
      ['not before its time', [aJob({ runAt: LATER }), aJob()], 9, [1]],
      ['those with a key as well', [aJob(), aJob({ dedupeKey: 'k' })], 1, [1]],
      ['the urgent first', [aJob(), aJob({ priority: -1 })], 1, [1]],
    ]
    for (const [what, enqueues, room, expected] of cases) {
      test(`is claimed: ${what}`, async (t) => {
        const { store } = await open(t)
        const { claimed, enqueued, places } = await claimedOf(store, enqueues, room)
        assert.deepEqual(places, expected)
        const queued = enqueues.length - expected.length
        const running = expected.length
        assert.deepEqual(await store.counts(), { reindex: { queued, running, dead: 0 } })
        assert.equal(new Set(enqueued.map((one) => 'id' in one && one.id)).size, enqueues.length)
        for (const { id, payload } of claimed) {
          assert.equal(JSON.stringify((await store.get(id))?.payload), payload)
        }
        const settles = claimed.map((job) => completes(job))
        const { settled } = await turn(store, { settles })
        assert.ok(settled.every((one) => one?.state === 'completed'))
      })
    }

    test('waits behind the jobs that are due already', async (t) => {
      const { store } = await open(t)
      const before = await enqueue(store, aJob(), aJob())
      const { claimed, behind } = await claimedOf(store, [aJob()], 2)
      assert.deepEqual(
        claimed.map(({ id }) => id),
        before.map(({ id }) => id),
      )
      assert.equal(behind, true)
    })

    test('folds into a job that is still queued', async (t) => {
      const { store } = await open(t)
      const [{ id } = { id: 0 }] = await enqueue(store, aJob({ dedupeKey: 'k' }))
      const newer = aJob({ dedupeKey: 'k', payload: 'newer' })
      const { claimed, enqueued } = await claimedOf(store, [newer], 1)
      assert.deepEqual(enqueued, [{ id, deduped: true, state: 'queued' }])
      assert.equal(claimed[0]?.payload, '"newer"')
    })

    test('counts for `nextDue` when it is not due yet', async (t) => {
      const { store } = await open(t)
      const { nextDue, behind } = await claimedOf(store, [aJob({ runAt: LATER }), aJob()], 9)
      assert.deepEqual([nextDue, behind], [LATER, false])
    })
  })
}
