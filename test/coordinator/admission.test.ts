import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Pauses } from '../../src/coordinator/pauses.ts'
import { admissions, admitOne } from '../../src/coordinator/admission.ts'
import { DEFAULT_POLICY } from '../../src/job/policy.ts'
import type { PricedQueue, Queue } from '../../src/store/admission.ts'
import { FakePool } from '../support/fake-pool.ts'

const MOST = 250
const costs: Record<string, number> = { b: 0.1 }
const kinds: Record<string, string> = { a: 'default', b: 'default', hook: 'net' }

function lanes(free: Record<string, number>) {
  const pools = new Map(Object.entries(free).map(([lane, most]) => [lane, new FakePool(most)]))
  return {
    pools,
    of: (kind: string) => kinds[kind],
    cost: (kind: string) => costs[kind] ?? 1,
    policy: () => DEFAULT_POLICY,
    unknownKinds: 'dead' as const,
  }
}

function queue(kind: string, priority = 0): Queue {
  return { kind, priority }
}

/** The admitted queues: kind, priority, and the cost of a job of each. */
function shown(queues: PricedQueue[]) {
  return queues.map(({ kind, priority, terms }) => ({ kind, priority, cost: terms.cost }))
}

/** A queue with the cost of a job of its kind; 1 for a kind that {@link costs} does not have. */
function priced(one: Queue) {
  return { ...one, cost: costs[one.kind] ?? 1 }
}

const a = queue('a')
const urgent = queue('a', -1)
const b = queue('b')
const hook = queue('hook')
const ghost = queue('ghost')

describe('what a turn admits', () => {
  const cases: [what: string, free: Record<string, number>, backlog: Queue[], queues: Queue[][]][] =
    [
      ['nothing of an empty backlog', { default: 1 }, [], []],
      ['the queues of a lane together', { default: 1 }, [a, urgent, b], [[a, urgent, b]]],
      ['each lane for itself', { default: 1, net: 1 }, [hook, a, b], [[hook], [a, b]]],
      ['no lane that is full', { default: 0, net: 1 }, [a, hook, b], [[hook]]],
      ['no lane with negative room', { default: -1, net: 1 }, [a, hook], [[hook]]],
      ['no lane that has not been started', { default: 1 }, [a, hook], [[a]]],
      ['a kind that nobody handles, though lanes are full', { default: 0 }, [a, ghost], [[ghost]]],
    ]
  for (const [what, free, backlog, queues] of cases) {
    test(what, () => {
      const admitted = admissions(backlog, new Pauses([]), lanes(free), MOST)
      assert.deepEqual(
        admitted.map((admission) => shown(admission.queues)),
        queues.map((lane) => lane.map(priced)),
      )
    })
  }

  test('as much as a lane has room for', () => {
    const admitted = admissions([a, hook], new Pauses([]), lanes({ default: 3, net: 7 }), MOST)
    assert.deepEqual(
      admitted.map(({ room }) => room),
      [3, 7],
    )
  })

  test('I9: no more jobs than fit into a turn, over all lanes and unhandled kinds', () => {
    const admitted = admissions(
      [a, hook, ghost],
      new Pauses([]),
      lanes({ default: 1_000, net: 1_000 }),
      MOST,
    )
    const limits = admitted.map(({ most }) => most)
    assert.ok(
      limits.reduce((sum, limit) => sum + limit, 0) <= MOST,
      `${limits.join(' + ')} jobs in one turn`,
    )
  })
})

describe('what a turn admits for one `runOnce`', () => {
  const cases: [what: string, free: Record<string, number>, backlog: Queue[], queues: Queue[]][] = [
    ['queues that could start, of every lane', { default: 1, net: 9 }, [hook, a, b], [hook, a, b]],
    ['nothing of a lane that is full', { default: 0, net: 1 }, [a, hook, b], [hook]],
    ['a kind that nobody handles', { default: 0 }, [a, ghost], [ghost]],
    ['no queue of an empty backlog', { default: 1 }, [], []],
  ]
  for (const [what, free, backlog, queues] of cases) {
    test(what, () => {
      const [admitted, full] = admitOne(backlog, new Pauses([]), lanes(free))
      assert.deepEqual(
        shown(admitted!.queues),
        queues.map((each) => ({ ...each, cost: 1 })),
      )
      assert.equal(admitted!.room, 1)
      // A job of a full queue costs more than the room, so that the turn claims none of them.
      assert.ok(full!.queues.every(({ terms }) => terms.cost > full!.room))
    })
  }
})
