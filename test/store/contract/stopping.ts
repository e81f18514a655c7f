import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PauseTarget } from '../../../src/job/pause.ts'
import {
  aJob,
  buries,
  bury,
  claimOne,
  claimsOn,
  completes,
  enqueue,
  NOW,
  requeues,
  settle,
  turn,
} from '../../support/jobs.ts'
import type { Open } from '../contract.ts'
import { cancel, pause, resume } from '../../support/commands.ts'

const LATER = NOW + 60_000

export function stopping(open: Open): void {
  describe('cancel', () => {
    const keyed = (payload: number) => aJob({ dedupeKey: 'k', payload })

    test('of a queued job makes the job dead at no cost, and frees its key', async (t) => {
      const { store } = await open(t)
      await enqueue(store, keyed(1))
      await settle(store, requeues(await claimOne(store)))
      await enqueue(store, keyed(2))
      const cancelled = await cancel(store, 1, LATER)
      assert.ok(typeof cancelled === 'object')
      const { id, kind, dedupeKey, attempt, group } = cancelled
      assert.deepEqual([id, kind, dedupeKey, attempt, group], [1, 'reindex', 'k', 0, null])
      const row = await store.get(1)
      assert.deepEqual([row?.state, row?.attempts, row?.diedAt], ['dead', 0, LATER])
      const error = { name: 'CancelledError', message: 'cancelled', at: LATER, attempt: 0 }
      assert.deepEqual(row?.errors.at(-1), error)
      assert.deepEqual(await store.counts(), { reindex: { queued: 0, running: 0, dead: 1 } })
      assert.equal((await enqueue(store, keyed(3)))[0]?.deduped, false)
    })

    test('of a running job is taken only with the token of its claim', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob())
      const job = await claimOne(store)
      const before = await store.get(1)
      assert.equal(await cancel(store, 1, NOW, job.token), 'running')
      assert.equal(await cancel(store, 1, NOW), false)
      assert.equal(await cancel(store, 1, NOW, job.token + 1), false)
      assert.deepEqual(await store.get(1), before)
    })

    test('of a dead or unknown job changes nothing', async (t) => {
      const { store } = await open(t)
      const id = await bury(store, aJob())
      const before = await store.get(id)
      assert.equal(await cancel(store, id, NOW), false)
      assert.equal(await cancel(store, id + 1, NOW), false)
      assert.deepEqual(await store.get(id), before)
    })

    for (const [end, state] of [
      [completes, undefined],
      [buries, 'dead'],
    ] as const) {
      test(`of a running job drops submissions folded in before, if the settle ${end.name}`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, keyed(1))
        const job = await claimOne(store)
        await enqueue(store, keyed(2))
        await cancel(store, 1, NOW, job.token)
        assert.equal((await settle(store, end(job)))?.rerun, false)
        assert.equal((await store.get(1))?.state, state)
      })

      test(`I4: of a running job keeps submissions folded in after, if the settle ${end.name}`, async (t) => {
        const { store } = await open(t)
        await enqueue(store, keyed(1))
        const job = await claimOne(store)
        await cancel(store, 1, NOW, job.token)
        assert.equal((await enqueue(store, keyed(2)))[0]?.deduped, true)
        assert.equal((await settle(store, end(job)))?.rerun, true)
        assert.equal((await claimOne(store)).payload, '2')
      })
    }

    test('I4: by a store that does not run the job drops no folded submission', async (t) => {
      const { store, reopen } = await open(t)
      await enqueue(store, keyed(1))
      const job = await claimOne(store)
      await enqueue(store, keyed(2))
      const other = await reopen()
      assert.equal(await cancel(other, 1, NOW), false)
      assert.equal((await settle(store, completes(job)))?.rerun, true)
    })
  })

  describe('I9: a turn with large jobs', () => {
    const payload = JSON.stringify('x'.repeat(400_000))
    for (const type of ['cancel', 'retry', 'discard'] as const) {
      test(`has no room for a ${type} after 1 MiB of them`, async (t) => {
        const { store } = await open(t)
        const ids: number[] = []
        for (let n = 0; n < 4; n += 1) {
          const job = aJob({ payload })
          if (type !== 'cancel') ids.push(await bury(store, job))
          else ids.push((await enqueue(store, job))[0]!.id)
        }
        const commands = ids.map((id) => ({ type, id, token: undefined }))
        const { commanded } = await turn(store, { commands })
        assert.deepEqual(
          commanded.map((result) => result !== undefined),
          [true, true, true, false],
        )
        const next = await turn(store, { commands: commands.slice(3) })
        assert.notEqual(next.commanded[0], undefined)
        assert.notEqual(next.commanded[0], false)
      })
    }
  })

  describe('a pause', () => {
    const targets: [what: string, target: PauseTarget, kept: object][] = [
      ['a lane', { lane: 'x' }, { lane: 'x', kind: null, group: null }],
      ['a kind', { kind: 'x' }, { lane: null, kind: 'x', group: null }],
      ['a group', { kind: 'x', group: 'g' }, { lane: null, kind: 'x', group: 'g' }],
    ]
    for (const [what, target, kept] of targets) {
      test(`of ${what} is kept until it is resumed, and is listed once`, async (t) => {
        const { store, reopen } = await open(t)
        assert.deepEqual(await store.pauses(), [])
        assert.equal(await resume(store, target, NOW), false)
        assert.equal(await pause(store, target, NOW, 'ann'), true)
        assert.equal(await pause(store, target, LATER, 'bob'), false)
        const other = await reopen()
        assert.deepEqual(await other.pauses(), [{ ...kept, since: NOW, by: 'ann' }])
        assert.equal(await resume(other, target, LATER), true)
        assert.equal(await resume(store, target, LATER), false)
        assert.deepEqual(await store.pauses(), [])
        assert.equal(await pause(store, target, LATER, null), true)
        assert.deepEqual(await store.pauses(), [{ ...kept, since: LATER, by: null }])
      })
    }

    test('of one target is independent of the pauses of other targets', async (t) => {
      const { store } = await open(t)
      for (const [, target] of targets) await pause(store, target, NOW, null)
      assert.equal((await store.pauses()).length, 3)
      assert.equal(await resume(store, { kind: 'x' }, NOW), true)
      const left = (await store.pauses()).map(({ lane, kind, group }) => [lane, kind, group])
      assert.deepEqual(new Set(left.map(String)), new Set(['x,,', ',x,g']))
    })

    test('is passed to `admit`', async (t) => {
      const { store } = await open(t)
      await pause(store, { lane: 'x' }, NOW, 'ann')
      let told: unknown
      await turn(store, {
        admit: (_, pauses) => {
          told = pauses
          return []
        },
      })
      assert.deepEqual(told, await store.pauses())
    })
  })

  describe('standing', () => {
    const all = (_: unknown, backlog: { kind: string; priority: number }[]) => backlog

    test('of an unknown job is undefined', async (t) => {
      const { store } = await open(t)
      assert.equal(await store.standing(1, NOW, all), undefined)
    })

    test('counts the due jobs that come before the job, and each group with a due job', async (t) => {
      const { store } = await open(t)
      const [first, , , , , , last] = await enqueue(
        store,
        aJob({ runAt: NOW - 1 }), // 1
        aJob({ kind: 'other' }),
        aJob({ priority: -1 }),
        aJob({ group: 'a', runAt: NOW - 2 }),
        aJob({ group: 'a', runAt: NOW - 1 }),
        aJob({ priority: -1, runAt: LATER }), // not due
        aJob(), // 7
        aJob(),
        aJob({ priority: 1, runAt: NOW - 9 }),
      )
      const ahead = async (id: number, rivals = all, now = NOW) =>
        (await store.standing(id, now, rivals))?.ahead
      // Before the first job come the more urgent job and the group.
      assert.equal(await ahead(first!.id), 2)
      assert.equal(await ahead(last!.id), 4)
      assert.equal(await ahead(last!.id + 1), 5)
      assert.equal(await ahead(last!.id + 2), 6)
      assert.equal(await ahead(last!.id + 2, all, LATER), 7)
      const own = (_: unknown, backlog: { kind: string; priority: number }[]) =>
        backlog.filter(({ kind }) => kind === 'other')
      assert.equal(await ahead(last!.id, own), 1)
      assert.equal(await ahead(first!.id, () => []), 0)
    })

    test('passes the job and the queues with queued jobs to `rivals`', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ kind: 'a' }), aJob({ kind: 'b', priority: 3, runAt: LATER }))
      const standing = await store.standing(1, NOW, (job, backlog) => {
        assert.equal(job.id, 1)
        assert.deepEqual(backlog, [
          { kind: 'a', priority: 0 },
          { kind: 'b', priority: 3 },
        ])
        return []
      })
      assert.deepEqual(standing?.job, await store.get(1))
    })

    test('names the running jobs of the job’s group, and the holder of its key', async (t) => {
      const { store } = await open(t)
      const group = 'a'
      const dead = await bury(store, aJob({ dedupeKey: 'k', group }))
      const others = [aJob({ group: 'b' }), aJob({ kind: 'other', group }), aJob()]
      const jobs = [aJob({ group }), aJob({ group, dedupeKey: 'k' }), ...others]
      const [first, holder] = (await enqueue(store, ...jobs)).map(({ id }) => id)
      await claimsOn(store, {})
      const [waits, alone] = await enqueue(store, aJob({ group }), aJob())
      const of = async (id: number) => {
        const { groupRunning, keyHolder } = (await store.standing(id, NOW, all))!
        return [groupRunning, keyHolder]
      }
      const running = [holder, first]
      assert.deepEqual(await of(waits!.id), [running, undefined])
      assert.deepEqual(await of(dead), [running, holder])
      assert.deepEqual(await of(holder!), [running, undefined])
      assert.deepEqual(await of(alone!.id), [[], undefined])
    })

    test('knows when the rates of the job’s kind and group have a token', async (t) => {
      const { store } = await open(t)
      const groups = ['a', 'b', 'a', null]
      await enqueue(store, ...groups.map((group) => aJob({ group })))
      const [ofKind, ofGroup] = [
        { limit: 3, per: 1_000 },
        { limit: 1, per: 60_000 },
      ]
      const frees = async (id: number, now = NOW) => {
        const standing = (await store.standing(id, now, all))!
        return [standing.kindFreeAt(ofKind), standing.groupFreeAt(ofGroup)].map((at) =>
          at <= now ? 'now' : at - NOW,
        )
      }
      assert.deepEqual(await frees(3), ['now', 'now'])
      const { claimed } = await claimsOn(store, { rate: ofKind, groupRate: ofGroup })
      assert.equal(claimed.length, 3)
      assert.deepEqual(await frees(3), [334, 60_000])
      assert.deepEqual(await frees(4), [334, 'now'])
      assert.deepEqual(await frees(3, NOW + 334), ['now', 60_000])
      // The clock was set back by an hour.
      assert.deepEqual(await frees(3, NOW - 3_600_000), [-3_600_000 + 334, -3_540_000])
    })
  })

  test('list gives queued jobs with groups and without, each once', async (t) => {
    const { store } = await open(t)
    const jobs = Array.from({ length: 40 }, (_, n) =>
      aJob({
        kind: n % 3 === 0 ? 'a' : 'b',
        group: n % 4 === 0 ? null : `g${n % 5}`,
        priority: n % 2,
        runAt: NOW - (n % 7),
      }),
    )
    await enqueue(store, ...jobs)
    await claimsOn(store, {}, { room: 6 })
    for (const query of [{}, { state: 'queued' as const }, { kind: 'b' }]) {
      const whole = await store.list({ ...query, limit: 1_000 })
      const expected = { '{}': 40, '{"state":"queued"}': 34 }[JSON.stringify(query)] ?? 26
      assert.equal(new Set(whole.jobs.map(({ id }) => id)).size, expected)
      for (const limit of [1, 3, 11, 39]) {
        const seen: number[] = []
        for (let after: string | undefined, more = true; more;) {
          const page = await store.list({ ...query, limit, ...(after ? { after } : {}) })
          seen.push(...page.jobs.map(({ id }) => id))
          after = page.next
          more = after !== undefined
        }
        assert.deepEqual(
          seen,
          whole.jobs.map(({ id }) => id),
        )
      }
    }
  })
}
