import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NewJob } from '../../../src/job/job.ts'
import type { KindTerms } from '../../../src/store/admission.ts'
import type { Store } from '../../../src/store/store.ts'
import { aJob, claimsOn, completes, enqueue, NOW, requeues } from '../../support/jobs.ts'
import type { Open } from '../contract.ts'
import { pause, resume } from '../../support/commands.ts'

const LATER = NOW + 60_000

const many = (count: number, over: Parameters<typeof aJob>[0] = {}) =>
  Array.from({ length: count }, () => aJob(over))

/** Three at once, and then one in every 100 ms. */
const RATE = { limit: 3, per: 300 }

/** How many jobs start at each of these moments, and when the next job could start. */
async function starts(store: Store, terms: Partial<KindTerms>, moments: number[]) {
  const numbers: [started: number, nextDue: number][] = []
  for (const ms of moments) {
    const { claimed, nextDue } = await claimsOn(store, terms, { now: NOW + ms })
    numbers.push([claimed.length, nextDue - NOW])
  }
  return numbers
}

const kinds = (jobs: { kind: string }[]) => jobs.map(({ kind }) => kind).join(' ')

export function limiting(open: Open): void {
  describe('a rate', () => {
    const queues: [whose: string, terms: Partial<KindTerms>, group: string | null][] = [
      ['of a kind', { rate: RATE }, null],
      ['of a kind whose jobs have groups', { rate: RATE }, 'a'],
      ['of a group', { groupRate: RATE }, 'a'],
    ]
    for (const [whose, terms, group] of queues) {
      test(`${whose} lets jobs start at exact moments`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, ...many(20, { group }))
        assert.deepEqual(await starts(store, terms, [0, 0, 99, 100, 199, 250, 300]), [
          [3, 100],
          [0, 100],
          [0, 100],
          [1, 200],
          [0, 200],
          [1, 300],
          [1, 400],
        ])
      })

      test(`${whose} saves up no more than its limit`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, ...many(20, { group }))
        assert.deepEqual(await starts(store, terms, [0, 150, 9_000, 9_099, 9_100]), [
          [3, 100],
          [1, 200],
          [3, 9_100],
          [0, 9_100],
          [1, 9_200],
        ])
      })

      test(`${whose} holds beyond a restart`, async (t) => {
        const { store, reopen } = await open(t)
        await enqueue(store, ...many(9, { group }))
        await starts(store, terms, [0])
        await store.close()
        const next = await reopen()
        await next.join(NOW + 50)
        assert.deepEqual(await starts(next, terms, [50, 99, 100]), [
          [0, 100],
          [0, 100],
          [1, 200],
        ])
      })
    }

    test('that does not divide evenly never lets a job start a millisecond early', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(100))
      const terms = { rate: { limit: 7, per: 1_000 } }
      const at: number[] = []
      for (let ms = 0; ms <= 2_000; ms++) {
        const { claimed } = await claimsOn(store, terms, { now: NOW + ms })
        at.push(...claimed.map(() => ms))
      }
      const expected = Array.from({ length: 21 }, (_, n) =>
        Math.max(0, Math.ceil(((n - 6) * 1_000) / 7)),
      )
      assert.deepEqual(at, expected)
    })

    test('of a kind does not limit other kinds', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(4, { kind: 'slow' }), ...many(4, { kind: 'fast' }))
      const terms = (kind: string) => (kind === 'slow' ? { rate: { limit: 1, per: 60_000 } } : {})
      const { claimed, nextDue, behind } = await claimsOn(store, terms)
      assert.equal(kinds(claimed), 'slow fast fast fast fast')
      assert.deepEqual([nextDue, behind], [LATER, false])
    })

    test('of a group limits neither other groups nor jobs without a group', async (t) => {
      const { store } = await open(t)
      const groups = ['a', 'a', 'b', null, 'b', null]
      await enqueue(store, ...groups.map((group) => aJob({ group })))
      const { claimed } = await claimsOn(store, { groupRate: { limit: 1, per: 60_000 } })
      assert.deepEqual(
        claimed.map(({ id }) => id),
        [1, 3, 4, 6],
      )
    })

    test('counts the jobs that start, and not the jobs that another limit holds back', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(5, { group: 'a' }))
      const terms = { rate: RATE, groupConcurrency: 1 }
      const [job] = (await claimsOn(store, terms)).claimed
      for (let look = 0; look < 5; look++) await claimsOn(store, terms)
      await enqueue(store, ...many(5))
      assert.equal((await claimsOn(store, terms, { settles: [completes(job!)] })).claimed.length, 2)
    })

    test('of a kind gives as `nextDue` when a job that waits for its own time can start', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(3), aJob({ runAt: NOW + 150 }), aJob({ runAt: LATER }))
      assert.deepEqual(await starts(store, { rate: RATE }, [0, 150]), [
        [3, 150],
        [1, 60_000],
      ])
    })
  })

  describe('the room of a kind', () => {
    const narrow = (room: number) => (kind: string) => (kind === 'a' ? { room } : {})

    test('once it is taken, leaves the rest of the lane’s room to other kinds', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(9, { kind: 'a' }), ...many(3, { kind: 'b' }))
      const first = await claimsOn(store, narrow(2), { room: 4 })
      assert.equal(kinds(first.claimed), 'a a b b')
      assert.equal(first.behind, true)
      const second = await claimsOn(store, narrow(0), { room: 4 })
      assert.equal(kinds(second.claimed), 'b')
      assert.deepEqual([second.behind, second.nextDue], [false, Infinity])
    })

    test('is shared by the priorities of the kind, urgent jobs first', async (t) => {
      const { store } = await open(t)
      const priorities = [1, 0, -1]
      await enqueue(store, ...priorities.map((priority) => aJob({ kind: 'a', priority })))
      const { claimed } = await claimsOn(store, narrow(2))
      assert.deepEqual(
        claimed.map(({ priority }) => priority),
        [-1, 0],
      )
    })

    test('keeps out a job that costs more than the room left, and other kinds start', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(2, { kind: 'a' }), aJob({ kind: 'light' }))
      const terms = (kind: string) => (kind === 'a' ? { room: 1 } : { cost: 0.1 })
      const { claimed } = await claimsOn(store, terms, { room: 1.5 })
      assert.equal(kinds(claimed), 'a light')
    })

    test('is enough for as many jobs as fit, despite the rounding of floating point', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(20, { kind: 'a' }))
      const { claimed } = await claimsOn(store, { cost: 0.1, room: 1 })
      assert.equal(claimed.length, 10)
    })

    test('that is taken keeps the due jobs of the kind out of `nextDue`', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ kind: 'a', runAt: NOW + 5 }), aJob({ kind: 'b', runAt: NOW + 9 }))
      const { claimed, nextDue } = await claimsOn(store, narrow(0), { now: NOW + 5 })
      assert.deepEqual([claimed, nextDue], [[], NOW + 9])
    })
  })

  describe('a group that is paused', () => {
    const paused = { paused: new Set(['a']) }

    test('starts no job, and holds up no other group, until it is resumed', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...['a', 'b', 'a', null].map((group) => aJob({ group })))
      await pause(store, { kind: 'reindex', group: 'a' }, NOW, null)
      const first = await claimsOn(store, paused)
      assert.deepEqual(
        first.claimed.map(({ group }) => group),
        ['b', null],
      )
      assert.deepEqual([first.nextDue, first.behind], [Infinity, false])
      assert.deepEqual((await claimsOn(store, paused, { now: LATER })).claimed, [])
      await resume(store, { kind: 'reindex', group: 'a' }, LATER)
      assert.equal((await claimsOn(store, {}, { now: LATER })).claimed.length, 2)
    })

    test('starts no job when a running job of the group ends', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(2, { group: 'a' }))
      const [job] = (await claimsOn(store, { groupConcurrency: 1 })).claimed
      assert.deepEqual((await claimsOn(store, paused, { settles: [completes(job!)] })).claimed, [])
    })
  })

  describe('a job that is enqueued in the turn that claims is not started past a limit', () => {
    const limits: [limit: string, terms: Partial<KindTerms>, job: Parameters<typeof aJob>[0]][] = [
      ['room of the kind', { room: 2 }, {}],
      ['rate of the kind', { rate: { limit: 2, per: 60_000 } }, {}],
      ['jobs of a group', { groupConcurrency: 2 }, { group: 'a' }],
      ['rate of a group', { groupRate: { limit: 2, per: 60_000 } }, { group: 'a' }],
      ['a pause', { paused: new Set(['a']) }, { group: 'a' }],
    ]
    const submissions: [how: string, enqueues: (job: typeof aJob) => NewJob[]][] = [
      ['many', (job) => Array.from({ length: 70 }, () => job())],
      ['each for itself', (job) => [0, 1, 2, 3].map((n) => job({ maxAttempts: n + 1 }))],
      ['with keys', (job) => ['k', 'l', 'm', 'k'].map((dedupeKey) => job({ dedupeKey }))],
      ['of several priorities', (job) => [2, 1, 0, 0].map((priority) => job({ priority }))],
      ['some of them later', (job) => [LATER, NOW, NOW, NOW].map((runAt) => job({ runAt }))],
    ]
    for (const [limit, terms, over] of limits) {
      for (const [how, of] of submissions) {
        test(`${limit}: ${how}`, async (t) => {
          const { store } = await open(t)
          const enqueues = of((own) => aJob({ ...over, ...own }))
          const expected = limit === 'a pause' ? 0 : 2
          const first = await claimsOn(store, terms, { enqueues })
          assert.equal(first.claimed.length, expected)
          if (terms.room !== undefined) return
          const second = await claimsOn(store, terms, { enqueues })
          assert.deepEqual(second.claimed, [])
        })
      }
    }

    test('and a job that runs already counts towards the limit', async (t) => {
      const { store } = await open(t)
      const terms = { groupConcurrency: 2 }
      await enqueue(store, aJob({ group: 'a' }))
      const [job] = (await claimsOn(store, terms)).claimed
      const enqueues = many(3, { group: 'a' })
      assert.equal((await claimsOn(store, terms, { enqueues })).claimed.length, 1)
      const settles = [requeues(job!, { runAt: LATER })]
      assert.equal((await claimsOn(store, terms, { enqueues, settles })).claimed.length, 1)
    })
  })
}
