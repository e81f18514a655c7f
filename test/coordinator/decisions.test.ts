import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decide, termsOf } from '../../src/coordinator/settle.ts'
import type { ClaimedJob, JobError } from '../../src/job/job.ts'
import { MAX_DELAY } from '../../src/job/limits.ts'
import type { Outcome, Move } from '../../src/job/outcome.ts'
import { DEFAULT_POLICY, type Policy } from '../../src/job/policy.ts'
import { wallTime } from '../../src/store/timeline.ts'
import { completed, failed } from '../support/fake-pool.ts'
import { NOW } from '../support/jobs.ts'

const error: JobError = { name: 'Error', message: 'disk on fire' }
const lost: Outcome = { type: 'lost', reason: 'exit' }
const timedOut: Outcome = { type: 'timedOut', timeout: 50 }
const timeout: JobError = { name: 'TimeoutError', message: 'ran longer than 50 ms' }
const crash: JobError = { name: 'LostError', message: 'exit' }

interface Case {
  outcome: Outcome
  job?: Partial<ClaimedJob>
  policy?: Partial<Policy>
  random?: number
  to: Move
}

function aClaim(over: Partial<ClaimedJob> = {}): ClaimedJob {
  return {
    id: 1,
    token: 7,
    kind: 'a',
    payload: '{}',
    runAt: NOW,
    dedupeKey: null,
    priority: 0,
    attempt: 1,
    maxAttempts: null,
    crashes: 0,
    createdAt: NOW,
    since: NOW,
    overrides: null,
    group: null,
    ...over,
  }
}

function again(after: number, cause: JobError = error): Move {
  return { to: 'queued', runAt: NOW + after, charge: 'attempt', error: cause, backingOff: true }
}

const dead: Move = { to: 'dead', charge: 'attempt', error }
const second = { attempt: 2 }
const thousand = { attempt: 999, maxAttempts: 1_000 }

const cases: Record<string, Record<string, Case>> = {
  'a run that completed': {
    'is completed': { outcome: completed(), to: { to: 'completed' } },
    'is completed in its last attempt': {
      outcome: completed({ result: '1' }),
      job: { attempt: 5, crashes: 2 },
      to: { to: 'completed' },
    },
  },
  'a run that failed': {
    'waits 2 s after the first attempt': { outcome: failed(), to: again(2_000) },
    'waits twice as long after the second': { outcome: failed(), job: second, to: again(4_000) },
    'waits 300 s at most': { outcome: failed(), job: thousand, to: again(300_000) },
    'waits at least 90 % of its backoff': { outcome: failed(), random: 0, to: again(1_800) },
    'waits up to 110 % of its backoff': { outcome: failed(), random: 0.999_999, to: again(2_200) },
    'is dead when its attempts are spent': { outcome: failed(), job: { attempt: 5 }, to: dead },
    'is dead beyond its last attempt': { outcome: failed(), job: { attempt: 6 }, to: dead },
    'is not dead in attempt 4 of 5': { outcome: failed(), job: { attempt: 4 }, to: again(16_000) },
    "is dead when its kind's maxAttempts are spent": {
      outcome: failed(),
      policy: { maxAttempts: 1 },
      to: dead,
    },
    'is dead when its own maxAttempts are spent, which override those of its kind': {
      outcome: failed(),
      job: { attempt: 2, maxAttempts: 2 },
      policy: { maxAttempts: 9 },
      to: dead,
    },
    'is not dead while its own attempts are left, which override those of its kind': {
      outcome: failed(),
      job: { attempt: 2, maxAttempts: 3 },
      policy: { maxAttempts: 1 },
      to: again(4_000),
    },
    'is dead when it failed permanently, with attempts left': {
      outcome: failed({ permanent: true }),
      to: dead,
    },
    'is dead when it failed permanently, and asked for a retry': {
      outcome: failed({ permanent: true, retryAt: NOW + 1 }),
      to: dead,
    },
  },
  'a run that asks for the moment of its retry': {
    'is retried at its moment': { outcome: failed({ retryAt: NOW + 7_777 }), to: again(7_777) },
    'is retried at its moment, without jitter': {
      outcome: failed({ retryAt: NOW + 7_777 }),
      random: 0,
      to: again(7_777),
    },
    'is retried by its backoff, if the backoff is longer': {
      outcome: failed({ retryAt: NOW + 77 }),
      to: again(2_000),
    },
    'is retried by the backoff of a later attempt, if the backoff is longer': {
      outcome: failed({ retryAt: NOW + 200_000 }),
      job: { attempt: 8, maxAttempts: 20 },
      to: again(256_000),
    },
    'is retried at its moment, if the backoff of its kind is shorter': {
      outcome: failed({ retryAt: NOW + 2_000 }),
      policy: { backoff: { delay: 100, jitter: 0 } },
      to: again(2_000),
    },
    'is retried by its backoff, if it asks for a moment in the past': {
      outcome: failed({ retryAt: NOW - 5_000 }),
      to: again(2_000),
    },
    'is retried within a year': {
      outcome: failed({ retryAt: NOW + 2 * MAX_DELAY }),
      to: again(MAX_DELAY),
    },
    'is dead when its attempts are spent': {
      outcome: failed({ retryAt: NOW + 77 }),
      job: { attempt: 5 },
      to: dead,
    },
  },
  'a run past its timeout': {
    'is retried by its backoff': { outcome: timedOut, job: second, to: again(4_000, timeout) },
    'is dead when its attempts are spent': {
      outcome: timedOut,
      job: { attempt: 5 },
      to: { to: 'dead', charge: 'attempt', error: timeout },
    },
  },
  'a run that was lost': {
    'I6: is run again, at the cost of a crash and of no attempt': {
      outcome: lost,
      to: { to: 'queued', runAt: NOW, charge: 'crash', error: crash, backingOff: false },
    },
    'I6: is run again although it was the last attempt': {
      outcome: lost,
      job: { attempt: 5, crashes: 1 },
      to: { to: 'queued', runAt: NOW, charge: 'crash', error: crash, backingOff: false },
    },
    'is dead after the third crash': {
      outcome: lost,
      job: { crashes: 2 },
      to: { to: 'dead', charge: 'crash', error: crash },
    },
  },
  'a run that was released': {
    'I6: is run again at no cost, however often': {
      outcome: { type: 'released', reason: 'stop' },
      job: { attempt: 5, crashes: 2 },
      to: { to: 'queued', runAt: NOW, charge: 'nothing', error: null, backingOff: false },
    },
  },
  'a backoff': {
    "is the kind's, with the defaults for what the kind leaves out": {
      outcome: failed(),
      job: second,
      policy: { backoff: { delay: 10 } },
      to: again(20),
    },
    'is fixed': {
      outcome: failed(),
      job: second,
      policy: { backoff: { type: 'fixed', delay: 10, jitter: 0 } },
      random: 0,
      to: again(10),
    },
    'may be 0': {
      outcome: failed(),
      job: thousand,
      policy: { backoff: { delay: 0 } },
      to: again(0),
    },
    'is capped before its jitter': {
      outcome: failed(),
      policy: { backoff: { delay: 100, maxDelay: 10, jitter: 0.5 } },
      random: 0,
      to: again(5),
    },
    'is rounded': { outcome: failed(), policy: { backoff: { delay: 10.4 } }, to: again(10) },
    "is the job's own, which overrides that of its kind": {
      outcome: failed(),
      job: { overrides: { backoff: { delay: 30 } } },
      policy: { backoff: () => 20 },
      to: again(30),
    },
    'is a function of the attempt': {
      outcome: failed(),
      job: second,
      policy: { backoff: (attempt) => attempt * 111.5 },
      random: 0,
      to: again(223),
    },
    'is a function of the error': {
      outcome: timedOut,
      policy: { backoff: (_, { name }) => name.length },
      to: again('TimeoutError'.length, timeout),
    },
    'is a year at most': {
      outcome: failed(),
      policy: { backoff: () => Number.MAX_VALUE },
      to: again(MAX_DELAY),
    },
    'is the default one, with its jitter, when the function gives no delay': {
      outcome: failed(),
      policy: { backoff: () => NaN },
      random: 0,
      to: again(1_800),
    },
    'is the default one when the function throws': {
      outcome: failed(),
      job: second,
      policy: {
        backoff() {
          throw new Error('a mistake of the host')
        },
      },
      to: again(4_000),
    },
  },
}

for (const [what, table] of Object.entries(cases)) {
  describe(what, () => {
    for (const [name, { outcome, job, policy, random = 0.5, to }] of Object.entries(table)) {
      test(name, () => {
        const all = { ...DEFAULT_POLICY, ...policy }
        const around = { now: NOW, clock: wallTime, onMistake: () => undefined }
        const decided = decide(outcome, aClaim(job), all, { ...around, random: () => random })
        assert.deepEqual(decided.move, to)
      })
    }
  })
}

describe('the terms of a run', () => {
  const policy = { ...DEFAULT_POLICY, maxAttempts: 3, timeout: 100, grace: 10 }

  test("are its kind's", () => {
    assert.deepEqual(termsOf(aClaim(), policy, 7), {
      maxAttempts: 3,
      timeout: 100,
      grace: 10,
      alone: false,
      most: 7,
    })
  })

  test("are the job's own where the job has some", () => {
    const job = aClaim({ maxAttempts: 1, overrides: { timeout: 5 } })
    const own = { maxAttempts: 1, timeout: 5 }
    assert.deepEqual(termsOf(job, policy, 7), { ...own, grace: 10, alone: false, most: 7 })
  })
})
