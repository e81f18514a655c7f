import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Assignment } from '../../src/pool/assignment.ts'
import { pack, type Candidate } from '../../src/pool/packing.ts'
import { Random } from '../support/random.ts'

/** Costs of kinds, in hand-offs. A job of a kind that is not here costs a whole hand-off. */
const COSTS: Record<string, number> = { tiny: 0.01, small: 0.1, third: 1 / 3, half: 0.5 }

const costOf = ({ job, terms }: Assignment): number => (terms.alone ? 1 : (COSTS[job.kind] ?? 1))

let ids = 0

function assignment(kind: string, { most = Infinity, alone = false } = {}): Assignment {
  ids += 1
  const terms = { maxAttempts: 5, timeout: 1_000, grace: 10, alone, most }
  const job = {
    ...{ id: ids, token: ids, kind, payload: '{}', dedupeKey: null, priority: 0, group: null },
    ...{ attempt: 1, maxAttempts: null, crashes: 0, createdAt: 0, since: 0, runAt: 0 },
    overrides: null,
  }
  return { job, terms }
}

const jobs = (...kinds: string[]): Assignment[] => kinds.map((kind) => assignment(kind))

const times = (
  count: number,
  kind: string,
  over?: Parameters<typeof assignment>[1],
): Assignment[] => Array.from({ length: count }, () => assignment(kind, over))

const idle = (): Candidate => ({ isIdle: true, room: 1, kinds: new Set() })

const busy = (room: number, ...kinds: string[]): Candidate => ({
  isIdle: false,
  room,
  kinds: new Set(kinds),
})

/** For each candidate, the indexes in `given` of the jobs that the candidate gets. */
function packed(given: Assignment[], candidates: Candidate[]): (number[] | undefined)[] {
  return pack(given, candidates, Infinity, costOf).packets.map((packet) =>
    packet?.assignments.map((assignment) => given.indexOf(assignment)),
  )
}

describe('packing', () => {
  const cases: [
    what: string,
    given: Assignment[],
    candidates: Candidate[],
    packets: (number[] | undefined)[],
  ][] = [
    ['without jobs and candidates there are no packets', [], [], []],
    ['without jobs a candidate gets no packet', [], [idle()], [undefined]],
    ['without candidates there are no packets', jobs('tiny'), [], []],
    ['short jobs keep their order', jobs('tiny', 'small', 'tiny'), [idle()], [[0, 1, 2]]],
    [
      'the roomiest thread is kept for a heavy job',
      jobs('heavy', 'tiny'),
      [busy(0.5), busy(0.9)],
      [[1], undefined],
    ],
    ['few short jobs share a thread', jobs('tiny', 'tiny'), [idle(), idle()], [[0, 1], undefined]],
    [
      'short jobs that cost more than a third of a hand-off go to several threads',
      times(8, 'small'),
      [idle(), idle(), idle()],
      [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7],
      ],
    ],
    ['a heavy job goes alone', jobs('heavy', 'tiny'), [idle(), idle()], [[0], [1]]],
    [
      'a short job that has to be alone goes alone',
      [assignment('tiny', { alone: true }), ...jobs('tiny')],
      [idle(), idle()],
      [[0], [1]],
    ],
    ['a heavy job goes behind no other', jobs('heavy'), [busy(1)], [undefined]],
    ['a heavy job does not join short jobs', jobs('tiny', 'heavy'), [idle()], [[0]]],
    [
      'short jobs go behind others where a heavy job takes the idle thread',
      jobs('heavy', 'tiny'),
      [busy(0.5), idle()],
      [[1], [0]],
    ],
    [
      'each idle thread gets one heavy job',
      jobs('heavy', 'heavy', 'heavy'),
      [idle(), idle()],
      [[0], [1]],
    ],
    ['short jobs go to idle threads first', jobs('tiny'), [busy(1), idle()], [undefined, [0]]],
    ['jobs queue up where no thread is idle', jobs('tiny'), [busy(0), busy(0.5)], [undefined, [0]]],
    ['only as many go behind others as have room', times(9, 'small'), [busy(0.3)], [[0, 1, 2]]],
    ['threads without room get no job', jobs('tiny'), [busy(0), busy(-1)], [undefined, undefined]],
  ]
  for (const [what, given, candidates, packets] of cases) {
    test(what, () => assert.deepEqual(packed(given, candidates), packets))
  }
})

test('too many short jobs fill each thread once', () => {
  const { packets } = pack(times(25, 'small'), [idle(), idle()], Infinity, costOf)
  assert.deepEqual(
    packets.map((packet) => packet?.assignments.length),
    [10, 10],
  )
})

describe('a kind that may hold a limited number of threads', () => {
  const one = { most: 1 }
  const cases: [
    what: string,
    given: Assignment[],
    candidates: Candidate[],
    packets: (number[] | undefined)[],
  ][] = [
    [
      'gets no more threads, and leaves the rest to others',
      [...times(3, 'heavy', one), ...jobs('other')],
      [idle(), idle(), idle()],
      [[0], [3], undefined],
    ],
    [
      'gets no other thread beside the one that it holds',
      [...times(2, 'heavy', one), ...jobs('other')],
      [busy(0, 'heavy'), idle()],
      [undefined, [2]],
    ],
    [
      'fills the thread that it has',
      times(12, 'small', one),
      [busy(0.4, 'small'), idle(), idle()],
      [[0, 1, 2, 3], undefined, undefined],
    ],
    [
      'fills its own thread beside another kind that fills its own',
      [...times(3, 'half', one), ...times(3, 'third', one)],
      [idle(), idle(), idle()],
      [[0, 1], [3, 4, 5], undefined],
    ],
    [
      'gets no thread if it holds more than it may',
      times(3, 'half', one),
      [busy(0, 'half'), busy(0, 'half'), idle()],
      [undefined, undefined, undefined],
    ],
    ['gets all threads if it may', times(2, 'heavy', { most: 2 }), [idle(), idle()], [[0], [1]]],
  ]
  for (const [what, given, candidates, packets] of cases) {
    test(what, () => assert.deepEqual(packed(given, candidates), packets))
  }
})

describe('with fewer idle threads for all kinds than there are', () => {
  const cases: [what: string, given: Assignment[], idleForAll: number, packets: number[][]][] = [
    ['a kind without a thread gets the reserved thread', jobs('heavy', 'other'), 1, [[0], [1]]],
    ['a kind with a thread does not get the reserved thread', jobs('heavy', 'heavy'), 1, [[0], []]],
    [
      'short jobs of a kind without a thread share the reserved thread',
      jobs('heavy', 'tiny', 'tiny'),
      1,
      [[0], [1, 2]],
    ],
    ['no thread is left for a third kind', jobs('heavy', 'other', 'slow'), 1, [[0], [1]]],
    ['each kind without a thread gets one', jobs('heavy', 'other'), 0, [[0], [1]]],
  ]
  for (const [what, given, idleForAll, packets] of cases) {
    test(what, () => {
      const packed = pack(given, [idle(), idle()], idleForAll, costOf).packets
      const places = packed.map((one) => one?.assignments.map((job) => given.indexOf(job)) ?? [])
      assert.deepEqual(places, packets)
    })
  }

  test('a job that waits for its kind keeps no thread that its kind cannot have', () => {
    const given = jobs('heavy', 'tiny')
    const packed = pack(given, [busy(0, 'heavy'), idle()], 0, costOf).packets
    assert.deepEqual(packed[1]?.assignments, [given[1]])
  })
})

for (const seed of [1, 2, 3]) {
  test(`random jobs: no job is lost or doubled, and no limit is passed (seed ${seed})`, () => {
    const random = new Random(seed)
    for (let round = 0; round < 1_500; round++) check(...aScene(random))
  })
}

const KINDS = ['tiny', 'small', 'third', 'half', 'heavy', 'slow'] as const

function aScene(random: Random): [Assignment[], Candidate[]] {
  const mosts = new Map(KINDS.map((kind) => [kind, random.pick([1, 2, 3, 5, Infinity])]))
  const given = Array.from({ length: random.below(40) }, () => {
    const kind = random.pick(KINDS)
    return assignment(kind, { most: mosts.get(kind)!, alone: random.chance(0.05) })
  })
  const candidates = Array.from({ length: random.below(6) }, () =>
    random.chance(0.5)
      ? idle()
      : busy(random.pick([-0.2, 0, 0.05, 0.5, 1]), random.pick(KINDS), random.pick(KINDS)),
  )
  return [given, candidates]
}

function check(given: Assignment[], candidates: Candidate[]): void {
  const before = JSON.stringify(candidates)
  const { packets } = pack(given, candidates, Infinity, costOf)
  assert.equal(JSON.stringify(candidates), before)
  assert.equal(packets.length, candidates.length)

  const handed = packets.flatMap((packet) => packet?.assignments ?? [])
  assert.equal(new Set(handed).size, handed.length, 'a job was given twice')
  assert.ok(handed.every((assignment) => given.includes(assignment)))

  for (const [at, packet] of packets.entries()) {
    if (packet === undefined) continue
    const { assignments, cost } = packet
    const places = assignments.map((assignment) => given.indexOf(assignment))
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    )
    const costs = assignments.map(costOf)
    if (costs.some((each) => each >= 1)) {
      assert.deepEqual([assignments.length, candidates[at]!.isIdle, cost], [1, true, Infinity])
      continue
    }
    const sum = costs.reduce((total, each) => total + each, 0)
    assert.ok(Math.abs(sum - cost) < 1e-9)
    // The last job may stick out: it needs some room to begin in, and not room for all of it.
    assert.ok(
      sum - costs.at(-1)! < Math.min(1, candidates[at]!.room),
      `${sum} in ${candidates[at]!.room}`,
    )
  }

  for (const { job, terms } of given) {
    const holds = (kinds: Iterable<string>): boolean => [...kinds].includes(job.kind)
    const held = candidates.filter(({ kinds }) => holds(kinds)).length
    const now = candidates.filter(({ kinds }, at) => {
      const of = packets[at]?.assignments.map((one) => one.job.kind) ?? []
      return holds(kinds) || holds(of)
    }).length
    // A kind that may hold as many threads as there are has no limit.
    assert.ok(now <= Math.max(held, terms.most), `${job.kind}: ${now} of ${terms.most}`)
  }

  // A job was left because it had no place: no candidate without a packet could have taken the job,
  // except for candidates that are kept for heavy jobs.
  const kept = given.filter((one) => costOf(one) >= 1 && !handed.includes(one)).length
  for (const left of given.filter((assignment) => !handed.includes(assignment))) {
    const held = candidates.filter(
      ({ kinds }, at) =>
        kinds.has(left.job.kind) ||
        packets[at]?.assignments.some((one) => one.job.kind === left.job.kind),
    ).length
    const open = candidates.filter(({ kinds, isIdle, room }, at) => {
      if (packets[at] !== undefined) return false
      if (held >= left.terms.most && !kinds.has(left.job.kind)) return false
      return costOf(left) >= 1 ? isIdle : room > 0
    })
    const places = costOf(left) >= 1 ? 0 : kept
    assert.ok(open.length <= places, `${left.job.kind} was left, with ${open.length} places`)
  }
}
