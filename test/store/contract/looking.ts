import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JobRecord } from '../../../src/job/job.ts'
import type { ListQuery } from '../../../src/store/inspection.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  aJob,
  buries,
  claim,
  claimOne,
  completes,
  enqueue,
  NOW,
  refusal,
  settle,
  turn,
} from '../../support/jobs.ts'
import type { Open } from '../contract.ts'

const KINDS = ['a', 'B', 'c.d']
const STATES = ['running', 'queued', 'dead'] as const

/** 3 states × 3 kinds × 4 jobs, with priorities and times that go against the order of ids. */
async function fill(store: Store): Promise<void> {
  const jobs = Array.from({ length: 4 }, (_, index) =>
    KINDS.map((kind) => aJob({ kind, priority: -(index % 2), runAt: NOW - index })),
  ).flat()
  await enqueue(store, ...jobs)
  const dying = await claim(store)
  await turn(store, { settles: dying.map((job) => buries(job)) })
  await enqueue(store, ...jobs)
  await claim(store)
  await enqueue(store, ...jobs)
}

async function pages(store: Store, query: ListQuery): Promise<JobRecord[][]> {
  const all: JobRecord[][] = []
  for (let after: string | undefined; ;) {
    const { jobs, next } = await store.list(after === undefined ? query : { ...query, after })
    all.push(jobs)
    if (next === undefined) return all
    assert.equal(jobs.length, query.limit, 'a page that has a next one is full')
    assert.ok(all.length < 100, 'the list does not end')
    after = next
  }
}

export function looking(open: Open): void {
  describe('list', () => {
    const filters: [name: string, query: ListQuery, jobs: number][] = [
      ['all jobs', {}, 36],
      ['one kind', { kind: 'B' }, 12],
      ...STATES.map((state): [string, ListQuery, number] => [`the ${state}`, { state }, 12]),
      ...STATES.map((state): [string, ListQuery, number] => [
        `the ${state} of one kind`,
        { state, kind: 'a' },
        4,
      ]),
    ]
    for (const [name, query, jobs] of filters) {
      test(`gives ${name} in pages, every job once and in order`, async (t) => {
        const { store } = await open(t)
        await fill(store)
        const whole = await store.list({ ...query, limit: 1_000 })
        assert.equal(whole.next, undefined)
        assert.equal(whole.jobs.length, jobs)
        assert.equal(new Set(whole.jobs.map(({ id }) => id)).size, jobs)
        for (const job of whole.jobs) {
          assert.equal(job.state, query.state ?? job.state)
          assert.equal(job.kind, query.kind ?? job.kind)
          assert.deepEqual(job, await store.get(job.id))
        }
        assert.deepEqual(whole.jobs, inOrder(whole.jobs))
        for (const limit of [1, 5, 7, 35]) {
          assert.deepEqual((await pages(store, { ...query, limit })).flat(), whole.jobs)
        }
      })
    }

    test('has no `next` on the last page, even when the last page is full', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob(), aJob(), aJob(), aJob())
      const first = await store.list({ limit: 2 })
      assert.ok(first.next)
      const second = await store.list({ limit: 2, after: first.next })
      assert.equal(second.jobs.length, 2)
      assert.equal(second.next, undefined)
    })

    test('I9: ends a page early whose payloads come to more than 4 MiB', async (t) => {
      const { store } = await open(t)
      const large = aJob({ payload: 'x'.repeat(900_000) })
      await enqueue(store, ...Array.from({ length: 10 }, () => large), aJob({ kind: 'z' }))
      const lengths: number[] = []
      const ids: number[] = []
      for (let after: string | undefined; ;) {
        const page = await store.list(after === undefined ? {} : { after })
        lengths.push(page.jobs.length)
        ids.push(...page.jobs.map(({ id }) => id))
        after = page.next
        if (after === undefined) break
      }
      assert.deepEqual(lengths, [4, 4, 3])
      assert.deepEqual(
        ids,
        Array.from({ length: 11 }, (_, n) => n + 1),
      )
    })

    test('gives 100 jobs unless told otherwise', async (t) => {
      const { store } = await open(t)
      await enqueue(store, ...Array.from({ length: 101 }, () => aJob()))
      const { jobs, next } = await store.list({})
      assert.equal(jobs.length, 100)
      assert.equal((await store.list({ after: next! })).jobs.length, 1)
    })

    test('is empty for an empty queue and for a kind that has no jobs', async (t) => {
      const { store } = await open(t)
      assert.deepEqual(await store.list({}), { jobs: [] })
      await enqueue(store, aJob())
      assert.deepEqual(await store.list({ kind: 'none' }), { jobs: [] })
    })

    test('goes on behind a job that is gone, even if the job was the last of its kind', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ kind: 'a' }), aJob({ kind: 'b' }), aJob({ kind: 'c' }))
      const { next } = await store.list({ limit: 1 })
      await settle(store, completes(await claimOne(store)))
      const { jobs } = await store.list({ after: next! })
      assert.deepEqual(
        jobs.map(({ kind }) => kind),
        ['b', 'c'],
      )
    })

    const bad: [query: unknown, code: 'HELVE_ERR_OPTION' | 'HELVE_ERR_KIND', field: string][] = [
      [{ state: 'completed' }, 'HELVE_ERR_OPTION', 'state'],
      [{ kind: '__proto__' }, 'HELVE_ERR_KIND', 'kind'],
      [{ limit: 0 }, 'HELVE_ERR_OPTION', 'limit'],
      [{ limit: 1_001 }, 'HELVE_ERR_OPTION', 'limit'],
      [{ limit: 1.5 }, 'HELVE_ERR_OPTION', 'limit'],
      [{ limit: '5' }, 'HELVE_ERR_OPTION', 'limit'],
      [{ after: '' }, 'HELVE_ERR_OPTION', 'after'],
      [{ after: 'garbage' }, 'HELVE_ERR_OPTION', 'after'],
      [{ after: 5 }, 'HELVE_ERR_OPTION', 'after'],
      [{ after: cursor('queued', 'a') }, 'HELVE_ERR_OPTION', 'after'],
      [{ after: cursor('queued', 'a', 0) }, 'HELVE_ERR_OPTION', 'after'],
      [{ after: cursor('queued', 'a', 0, 1) }, 'HELVE_ERR_OPTION', 'after'],
      [{ after: cursor('queued', 'a', 0, 1, '2') }, 'HELVE_ERR_OPTION', 'after'],
      [{ after: Buffer.from('null').toString('base64url') }, 'HELVE_ERR_OPTION', 'after'],
      [{ offset: 5 }, 'HELVE_ERR_OPTION', 'offset'],
      [[], 'HELVE_ERR_OPTION', 'query'],
      [null, 'HELVE_ERR_OPTION', 'query'],
    ]
    for (const [query, code, field] of bad) {
      test(`I10: refuses ${JSON.stringify(query)}`, async (t) => {
        const { store } = await open(t)
        await assert.rejects(store.list(query as ListQuery), refusal(code, field))
      })
    }

    test('I10: refuses the cursor of another list', async (t) => {
      const { store } = await open(t)
      await fill(store)
      const { next } = await store.list({ state: 'queued', kind: 'a', limit: 1 })
      const others: ListQuery[] = [
        { state: 'dead', kind: 'a' },
        { state: 'queued', kind: 'B' },
        { state: 'running' },
        { kind: 'B' },
      ]
      for (const other of others) {
        await assert.rejects(
          store.list({ ...other, after: next! }),
          refusal('HELVE_ERR_OPTION', 'after', 'same list'),
        )
      }
    })
  })

  describe('counts', () => {
    test('tells the number of jobs by kind and state, over all priorities', async (t) => {
      const { store } = await open(t)
      assert.deepEqual(await store.counts(), {})
      await fill(store)
      const four = { queued: 4, running: 4, dead: 4 }
      assert.deepEqual(await store.counts(), { a: four, B: four, 'c.d': four })
    })

    test('forgets a kind that has no jobs left', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ kind: 'a' }), aJob({ kind: 'b', runAt: NOW + 1 }))
      await settle(store, completes(await claimOne(store)))
      assert.deepEqual(await store.counts(), { b: { queued: 1, running: 0, dead: 0 } })
    })
  })
}

/** By state, then kind, then the order in which jobs run; running and dead jobs by age. */
function inOrder(jobs: JobRecord[]): JobRecord[] {
  return jobs.toSorted((a, b) => {
    if (a.state !== b.state) return STATES.indexOf(a.state) - STATES.indexOf(b.state)
    if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1
    if (a.state !== 'queued') return a.id - b.id
    return a.priority - b.priority || a.runAt - b.runAt || a.id - b.id
  })
}

function cursor(...parts: unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}
