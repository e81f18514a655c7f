import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClaimedJob, NewJob } from '../../../src/job/job.ts'
import type { KindTerms } from '../../../src/store/admission.ts'
import type { Store } from '../../../src/store/store.ts'
import type { Settle } from '../../../src/store/turn.ts'
import {
  aJob,
  buries,
  claimsOn,
  completes,
  enqueue,
  NOW,
  requeues,
  settle,
  turn,
  claimsFiled,
} from '../../support/jobs.ts'
import type { Open, QueueStore } from '../contract.ts'
import { cancel, regroup, retry } from '../../support/commands.ts'

const LATER = NOW + 60_000

/** One job of a group at a time: the default of a kind. */
const ONE = { groupConcurrency: 1 }
const TWO = { groupConcurrency: 2 }

const of = (group: string | null, over: Parameters<typeof aJob>[0] = {}) => aJob({ group, ...over })

const many = (count: number, group: string | null, over: Parameters<typeof aJob>[0] = {}) =>
  Array.from({ length: count }, () => of(group, over))

const groups = (jobs: { group: string | null }[]) => jobs.map(({ group }) => group).join(' ')

const ids = (jobs: { id: number }[]) => jobs.map(({ id }) => id)

export function grouping(open: Open): void {
  describe('the jobs of a group', () => {
    test('run no more at a time than the group allows, in one turn and in the next turns', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(5, 'a'), ...many(5, 'b'))
      const first = await claimsOn(store, TWO)
      assert.equal(groups(first.claimed), 'a b a b')
      assert.deepEqual([first.nextDue, first.more, first.behind], [Infinity, false, false])
      assert.deepEqual((await claimsOn(store, TWO)).claimed, [])
      const [a] = first.claimed
      const { claimed } = await claimsOn(store, TWO, { settles: [completes(a!)] })
      assert.equal(groups(claimed), 'a')
      assert.deepEqual((await claimsOn(store, TWO)).claimed, [])
    })

    test('are counted for each kind separately', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(2, 'a', { kind: 'x' }), ...many(2, 'a', { kind: 'y' }))
      const { claimed } = await claimsOn(store, ONE)
      assert.deepEqual(
        claimed.map(({ kind }) => kind),
        ['x', 'y'],
      )
    })

    test('count as running after a restart, until they are settled', async (t) => {
      const { store, reopen } = await open(t)
      await enqueue(store, ...many(3, 'a'))
      await claimsOn(store, ONE)
      await store.close()
      const next = await reopen()
      const [lost] = await next.join(LATER)
      const now = LATER
      assert.deepEqual((await claimsOn(next, ONE, { now })).claimed, [])
      const settles = [requeues(lost!, { charge: 'crash', runAt: LATER })]
      assert.equal((await claimsOn(next, ONE, { now, settles })).claimed.length, 1)
    })

    test('of several priorities share the limit of the group, urgent jobs first', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...[1, -1, 0, 1].map((priority) => of('a', { priority })))
      const { claimed } = await claimsOn(store, TWO)
      assert.deepEqual(ids(claimed), [2, 3])
      const settles = claimed.map((job) => completes(job))
      assert.deepEqual(ids((await claimsOn(store, TWO, { settles })).claimed), [1, 4])
    })

    test('that are more urgent start before all other jobs, however many they are', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(3, 'a', { priority: -1 }), ...many(3, null), ...many(3, 'b'))
      assert.equal(groups((await claimsOn(store, {}, { room: 2 })).claimed), 'a a')
    })

    test('wait for each other; jobs without a group wait for nobody', async (t) => {
      const { store } = await open(t)
      await enqueue(store, of(null), of('a'), of('a'), of(null))
      assert.deepEqual(ids((await claimsOn(store, ONE)).claimed), [1, 2, 4])
    })

    test('start once the earliest job of the group is due', async (t) => {
      const { store } = await open(t)
      await enqueue(store, of('a', { runAt: NOW + 10 }), of('b'), of('a', { runAt: NOW + 9 }))
      const first = await claimsOn(store, ONE)
      assert.deepEqual([groups(first.claimed), first.nextDue], ['b', NOW + 9])
      assert.deepEqual((await claimsOn(store, ONE, { now: NOW + 8 })).claimed, [])
      assert.deepEqual(ids((await claimsOn(store, ONE, { now: NOW + 9 })).claimed), [3])
    })

    test('do not wait for a job of the group that has failed and backs off', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(2, 'a'))
      const first = await claimsOn(store, ONE)
      const settles = [requeues(first.claimed[0]!, { runAt: LATER })]
      const second = await claimsOn(store, ONE, { settles })
      assert.deepEqual(ids(second.claimed), [2])
      const rest = await claimsOn(store, ONE, {
        settles: second.claimed.map((job) => completes(job)),
      })
      assert.deepEqual([rest.claimed, rest.nextDue], [[], LATER])
      assert.deepEqual(ids((await claimsOn(store, ONE, { now: LATER })).claimed), [1])
    })

    test('keep their group in a fold, which brings the group forward with the job', async (t) => {
      const { store } = await open(t)
      await enqueue(store, of('a', { dedupeKey: 'k', runAt: LATER }))
      assert.equal((await claimsOn(store, ONE)).nextDue, LATER)
      await enqueue(store, of('z', { dedupeKey: 'k', payload: 2 }))
      const { claimed } = await claimsOn(store, ONE)
      assert.deepEqual(
        claimed.map(({ group, payload }) => [group, payload]),
        [['a', '2']],
      )
      await enqueue(store, of('z'), of('a'))
      assert.equal(groups((await claimsOn(store, ONE)).claimed), 'z')
    })

    test('return to the group when a retry brings them back from the dead', async (t) => {
      const { store } = await open(t)
      await enqueue(store, of('a'))
      const [job] = (await claimsOn(store, ONE)).claimed
      await settle(store, buries(job!))
      await enqueue(store, of('a', { runAt: LATER }))
      assert.equal(await retry(store, job!.id, NOW), true)
      assert.deepEqual(ids((await claimsOn(store, ONE)).claimed), [job!.id])
    })

    test('are found by `claim` behind groups that are empty', async (t) => {
      const { store } = await open(t)
      await enqueue(store, of('a'), of('b'), of('c'))
      for (const id of [1, 2]) await cancel(store, id, NOW)
      assert.equal((await store.claim(NOW))?.group, 'c')
    })

    test('count for `oldestDue`, even while their group is full', async (t) => {
      const { store } = await open(t)
      await enqueue(store, of('a', { runAt: NOW - 3 }), of('a', { runAt: NOW - 2 }), of('b'))
      assert.equal(await store.oldestDue(NOW), NOW - 3)
      await claimsOn(store, ONE)
      assert.equal(await store.oldestDue(NOW), NOW - 2)
    })
  })

  describe('I11: a group has room again once one of its jobs', () => {
    type End = (store: QueueStore, job: ClaimedJob, other: ClaimedJob) => Promise<unknown>
    const ends =
      (...settles: ((job: ClaimedJob) => Settle)[]): End =>
      (store, job) =>
        turn(store, { settles: settles.map((end) => end(job)) })
    const followUps = [aJob({ kind: 'next', runAt: LATER })]
    const fold = (store: Store) => enqueue(store, of('a', { dedupeKey: 'k' }))
    const ways: [way: string, end: End][] = [
      ['completed', ends((job) => completes(job))],
      [
        'completed together with others',
        (store, job, other) => turn(store, { settles: [completes(other), completes(job)] }),
      ],
      ['completed with follow-ups', ends((job) => completes(job, { followUps }))],
      ['failed', ends((job) => requeues(job, { runAt: LATER }))],
      ['died', ends((job) => buries(job))],
      ['was released', ends((job) => requeues(job, { charge: 'nothing', error: null }))],
      ['snoozes', ends((job) => requeues(job, { charge: 'nothing', error: null, runAt: LATER }))],
      ['was lost', ends((job) => requeues(job, { charge: 'crash' }))],
      [
        'completed, and is owed a run',
        async (store, job) => {
          await fold(store)
          await settle(store, completes(job))
        },
      ],
      [
        'died, and is owed a run',
        async (store, job) => {
          await fold(store)
          await settle(store, buries(job))
        },
      ],
    ]
    for (const [way, end] of ways) {
      test(way, async (t) => {
        const { store } = await open(t)
        await enqueue(store, of('a', { dedupeKey: 'k' }), aJob(), of('a'))
        const [job, other, ...more] = (await claimsOn(store, ONE)).claimed
        assert.deepEqual([groups([job!, other!]), more], ['a ', []])
        await end(store, job!, other!)
        const next = (await claimsOn(store, ONE)).claimed.filter(({ group }) => group === 'a')
        assert.equal(next.length, 1)
      })
    }

    test('was cancelled, though the job was the first of the group', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(2, 'a'))
      await cancel(store, 1, NOW)
      assert.deepEqual(ids((await claimsOn(store, ONE)).claimed), [2])
    })

    test('was cancelled, and the group had no other job', async (t) => {
      const { store } = await open(t)
      await enqueue(store, of('a'), of('b'))
      await cancel(store, 1, NOW)
      assert.equal(groups((await claimsOn(store, ONE)).claimed), 'b')
      await enqueue(store, of('a'))
      assert.equal(groups((await claimsOn(store, ONE)).claimed), 'a')
    })

    test('waits, and the limit of the group is raised', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(3, 'a'))
      await claimsOn(store, ONE)
      await claimsOn(store, TWO)
      await regroup(store, 'reindex', NOW)
      assert.equal((await claimsOn(store, TWO)).claimed.length, 1)
    })

    test('waits, and the rate of the group is lifted', async (t) => {
      const { store, reopen } = await open(t)
      const slow = { groupRate: { limit: 1, per: 3_600_000 } }
      await enqueue(store, ...many(3, 'a'))
      await claimsOn(store, slow)
      await claimsOn(store, slow)
      await regroup(store, 'reindex', NOW)
      assert.equal((await claimsOn(store, {}, { room: 1 })).claimed.length, 1)
      await claimsOn(store, slow)
      const next = await reopen()
      await next.join(NOW)
      assert.equal((await claimsOn(next, {})).claimed.length, 1)
    })
  })

  describe('groups take turns', () => {
    /** The groups of `count` claims, one after the other. */
    async function order(store: Store, count: number, { step = 0, ends = false } = {}) {
      const served: ClaimedJob[] = []
      let settles: Settle[] = []
      for (let i = 0; i < count; i++) {
        const now = NOW + i * step
        const { claimed } = await claimsOn(store, ends ? ONE : {}, { now, settles, room: 1 })
        served.push(...claimed)
        settles = ends ? claimed.map((job) => completes(job)) : []
      }
      return groups(served)
    }

    const backlog = [...many(50, 'a'), of('b'), of('c')]
    const cases: [when: string, how: Parameters<typeof order>[2]][] = [
      ['in one millisecond, while all of them run', { step: 0, ends: false }],
      ['in one millisecond, one after the other', { step: 0, ends: true }],
      ['in time, while all of them run', { step: 1, ends: false }],
      ['in time, one after the other', { step: 1, ends: true }],
    ]
    for (const [when, how] of cases) {
      test(`however many jobs one group has: ${when}`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, ...backlog)
        assert.equal(await order(store, 5, how), 'a b c a a')
      })

      test(`in rounds: ${when}`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, ...many(5, 'a'), ...many(3, 'b'), ...many(3, 'c'))
        assert.equal(await order(store, 11, how), 'a b c a b c a b c a a')
      })
    }

    test('within one claim', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...backlog)
      assert.equal(groups((await claimsOn(store, {}, { room: 5 })).claimed), 'a b c a a')
    })

    test('and a new group comes before groups that have had their turn', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...many(9, 'a'), ...many(9, 'b'))
      await order(store, 3, { step: 1 })
      await enqueue(store, of('c', { runAt: NOW + 1 }))
      const { claimed } = await claimsOn(store, {}, { now: NOW + 3, room: 4 })
      assert.equal(groups(claimed), 'c b a b')
    })

    const pushes: [what: string, job: NewJob][] = [
      ['a fold into an old job of it', of('a', { dedupeKey: 'k' })],
      ['a new job that is due since long ago', of('a', { runAt: NOW - 9_000 })],
    ]
    for (const [what, job] of pushes) {
      test(`and a group does not come forward by ${what}`, async (t) => {
        const { store } = await open(t)
        const old = { runAt: NOW - 1_000 }
        await enqueue(store, of('a', old), of('a', { ...old, dedupeKey: 'k' }), of('b'))
        assert.equal(groups((await claimsOn(store, {}, { room: 1 })).claimed), 'a')
        await enqueue(store, job)
        assert.equal(groups((await claimsOn(store, {}, { room: 1 })).claimed), 'b')
      })
    }

    const blocks: [what: string, terms: Partial<KindTerms>][] = [
      ['full', ONE],
      ['without a token', { groupRate: { limit: 1, per: 1_000 } }],
      ['paused', { paused: new Set(Array.from({ length: 300 }, (_, n) => `g${n}`)) }],
    ]
    for (const [what, terms] of blocks) {
      test(`and groups that are ${what} hold up no other group, however many they are`, async (t) => {
        const { store } = await open(t)
        const jobs = Array.from({ length: 300 }, (_, n) => of(`g${n}`))
        await enqueue(store, ...jobs, ...jobs)
        const { claimed } = await claimsOn(store, terms, { room: 300 })
        assert.equal(claimed.length, what === 'paused' ? 0 : 300)
        await enqueue(store, of('z'))
        assert.equal(groups((await claimsOn(store, terms, { room: 1 })).claimed), 'z')
      })
    }

    test('I9: however many groups are empty, a turn does no more than its share', async (t) => {
      const { store } = await open(t)
      const results = await enqueue(store, ...Array.from({ length: 50 }, (_, n) => of(`g${n}`)))
      for (const { id } of results) await cancel(store, id, NOW)
      await enqueue(store, of('z'))
      let turns = 0
      for (let more = true; more; turns++) {
        const result = await claimsOn(store, ONE, { room: 100, most: 10 })
        assert.ok(turns < 20, 'it never ends')
        assert.ok(turns < 5 || result.claimed.length + Number(result.more) > 0)
        more = result.more
      }
      assert.ok(turns > 4, `${turns} turns`)
    })
  })

  describe('a job that was submitted without a group', () => {
    const groupOf = (payload: unknown) => (payload as { repo: string | null }).repo
    const filed = (repo: string | null, over: Parameters<typeof aJob>[0] = {}) =>
      aJob({ payload: { repo }, group: undefined, ...over })
    const repos = (...names: (string | null)[]) => names.map((name) => filed(name))

    test('gets the group that its kind says before it is claimed, and keeps the group', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...repos('a', 'a', 'b'))
      const claimed = await claimsFiled(store, ONE, groupOf)
      assert.deepEqual(groups(claimed), 'a b')
      assert.deepEqual((await claimsOn(store, ONE)).claimed, [])
      assert.equal((await store.get(2))?.group, 'a')
      assert.deepEqual(await store.counts(), { reindex: { queued: 1, running: 2, dead: 0 } })
      const settles = claimed.map((job) => completes(job))
      assert.equal(groups((await claimsOn(store, ONE, { settles })).claimed), 'a')
    })

    test('has no group if its kind says none', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...repos(null, null))
      const claimed = await claimsFiled(store, ONE, groupOf)
      assert.deepEqual(
        claimed.map(({ id, group }) => [id, group]),
        [1, 2].map((id) => [id, null]),
      )
    })

    test('keeps the group that its submission says, even if the submission says none', async (t) => {
      const { store } = await open(t)
      await enqueue(store, filed('a', { group: null }), filed('a', { group: 'own' }))
      const { claimed, unfiled } = await claimsOn(store, { ...ONE, filing: true })
      assert.deepEqual(
        claimed.map(({ group }) => group),
        [null, 'own'],
      )
      assert.deepEqual(unfiled, [])
    })

    test('is filed before jobs without a group start, if a turn cannot file all unfiled jobs', async (t) => {
      const { store } = await open(t)
      await enqueue(store, filed('a', { group: null }), ...repos(...Array<null>(500).fill(null)))
      // A new job, which could otherwise start as it is written, came later: it does not start.
      const enqueues = [filed('a', { group: null })]
      const { claimed, unfiled, more } = await claimsOn(
        store,
        { ...ONE, filing: true },
        { enqueues },
      )
      assert.deepEqual([ids(claimed), unfiled.length, more], [[], 500, true])
      const [first] = await claimsFiled(store, ONE, groupOf)
      assert.deepEqual([first?.id, first?.group], [1, null])
    })

    test('holds up no due job while it is not due itself, however many such jobs there are', async (t) => {
      const { store } = await open(t)
      const later = Array.from({ length: 500 }, () => filed(null, { runAt: NOW + 1_000 }))
      await enqueue(store, ...later, filed('a', { group: null }))
      const { claimed, unfiled } = await claimsOn(store, { ...ONE, filing: true })
      assert.deepEqual([ids(claimed), unfiled.length], [[501], 500])
    })

    test('keeps room from jobs of a lower priority, if a turn cannot file the whole backlog', async (t) => {
      const { store } = await open(t)
      const backlog = Array.from({ length: 500 }, () => filed(null, { priority: -5 }))
      await enqueue(store, ...backlog, aJob({ kind: 'b', priority: 5, group: null }))
      const terms = (kind: string) => (kind === 'b' ? {} : { ...ONE, filing: true })
      const { claimed, more } = await claimsOn(store, terms)
      assert.deepEqual([ids(claimed), more], [[], true])
    })

    test('does not hold up other groups while its own group is full', async (t) => {
      const { store } = await open(t)
      await enqueue(
        store,
        ...repos('a'),
        ...Array.from({ length: 9 }, () => filed('a')),
        ...repos('b'),
      )
      assert.equal(groups(await claimsFiled(store, ONE, groupOf, { room: 2 })), 'a b')
    })

    test('joins the jobs that have the same group already', async (t) => {
      const { store } = await open(t)
      await enqueue(store, of('a'), filed('a'), filed('b', { group: 'own' }))
      assert.equal(groups(await claimsFiled(store, ONE, groupOf)), 'a own')
    })

    test('is filed though it is not due yet, and only once', async (t) => {
      const { store } = await open(t)
      await enqueue(store, filed('a', { runAt: NOW + 1_000 }), ...repos('b'))
      await claimsFiled(store, ONE, groupOf)
      const { claimed, unfiled } = await claimsOn(
        store,
        { ...ONE, filing: true },
        { now: NOW + 1_000 },
      )
      assert.deepEqual([groups(claimed), unfiled], ['a', []])
    })

    test('is not claimed in the very turn that writes it', async (t) => {
      const { store } = await open(t)
      const enqueues = repos('a', 'a', 'b', null)
      const { claimed } = await claimsOn(store, { ...ONE, filing: true }, { enqueues })
      assert.deepEqual(ids(claimed), [])
      assert.deepEqual(
        ids(await claimsFiled(store, ONE, groupOf)).sort((a, b) => a - b),
        [1, 3, 4],
      )
    })
  })
}
