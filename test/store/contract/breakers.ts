import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Breaker } from '../../../src/job/breaker.ts'
import {
  aJob,
  claimOne,
  buries,
  claimsOn,
  completes,
  enqueue,
  NOW,
  requeues,
  turn,
} from '../../support/jobs.ts'
import { FORGOTTEN_AFTER } from '../../../src/store/inspection.ts'
import type { Open } from '../contract.ts'

const UNTIL = NOW + 30_000

function aBreaker(over: Partial<Breaker> = {}): Breaker {
  const about = { kind: 'reindex', group: 'a', since: NOW, opened: NOW, reason: 'Error: down' }
  return { ...about, until: UNTIL, room: 1, failures: 5, trips: 1, ...over }
}

export function breakers(open: Open): void {
  describe('the breaker of a group', () => {
    test('is written by the settle that opens it, and deleted by the settle that closes it', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ group: 'a' }))
      const job = await claimOne(store)
      const opens = {
        ...requeues(job, { runAt: NOW }),
        breakers: [{ group: 'a', breaker: aBreaker() }],
      }
      await turn(store, { settles: [opens] })
      assert.deepEqual(await store.breakers(), [aBreaker()])
      const again = await claimOne(store)
      await turn(store, {
        settles: [{ ...completes(again), breakers: [{ group: 'a', breaker: null }] }],
      })
      assert.deepEqual(await store.breakers(), [])
    })

    test('a late settle does not write it', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ group: 'a' }))
      const job = await claimOne(store)
      await turn(store, { settles: [completes(job)] })
      const late = {
        ...requeues(job, { runAt: NOW }),
        breakers: [{ group: 'a', breaker: aBreaker() }],
      }
      const { settled } = await turn(store, { settles: [late] })
      assert.deepEqual(settled, [undefined])
      assert.deepEqual(await store.breakers(), [])
    })

    test('lets no job of the group start before `until`, and then `room` jobs', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...Array.from({ length: 4 }, () => aJob({ group: 'a' })))
      const held = new Map([['a', { until: UNTIL, room: 2 }]])
      const terms = { groupConcurrency: 10, breakers: held }
      const early = await claimsOn(store, terms, { now: UNTIL - 1 })
      assert.deepEqual([early.claimed, early.nextDue], [[], UNTIL])
      const { claimed } = await claimsOn(store, terms, { now: UNTIL })
      assert.equal(claimed.length, 2)
    })

    test('the next owner forgets it a day after `until`, if the group has no jobs', async (t) => {
      const { store, reopen } = await open(t)
      await enqueue(store, aJob({ group: 'a' }), aJob({ group: 'b' }))
      for (const group of ['a', 'b']) {
        const job = await claimOne(store)
        const breaker = aBreaker({ group })
        const end = group === 'a' ? buries(job) : requeues(job, { runAt: NOW })
        await turn(store, { settles: [{ ...end, breakers: [{ group, breaker }] }] })
      }
      await store.close()
      const next = await reopen()
      await next.join(UNTIL + FORGOTTEN_AFTER)
      assert.equal((await next.breakers()).length, 2)
      await next.leave()
      await next.join(UNTIL + FORGOTTEN_AFTER + 1)
      assert.deepEqual(
        (await next.breakers()).map(({ group }) => group),
        ['b'],
      )
    })

    test('closes by a command, and the group may start at once', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ group: 'a' }), aJob({ group: 'a' }))
      const job = await claimOne(store)
      await turn(store, {
        settles: [{ ...completes(job), breakers: [{ group: 'a', breaker: aBreaker() }] }],
      })
      const held = new Map([['a', { until: UNTIL, room: 1 }]])
      assert.deepEqual((await claimsOn(store, { breakers: held })).claimed, [])
      const commands = [{ type: 'closeBreaker', kind: 'reindex', group: 'a' } as const]
      const { commanded, claimed } = await claimsOn(store, {}, { commands })
      assert.deepEqual([commanded, claimed.length], [[true], 1])
      assert.deepEqual((await turn(store, { commands })).commanded, [false])
    })
  })
}
