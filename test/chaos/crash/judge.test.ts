import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JobRecord } from '../../../src/index.ts'
import { Judge } from './judge.ts'
import { parseEntries } from './ledger.ts'

const RUN = ['start 9 1 short - 1 1', 'end 9 1 short - 1 1']

type Rows = Partial<JobRecord>[]

/** What a process has left: acknowledged submissions, lines of the ledger, and rows of the file. */
function remains(acks: number[], lines: string[], rows: Rows = []) {
  return {
    acks,
    entries: parseEntries(lines.join('\n')),
    rows: rows.map((over) => row(over)),
  }
}

function row(over: Partial<JobRecord>): JobRecord {
  const { id = 1 } = over
  return {
    ...{ isBackingOff: false, rerunAt: null },
    ...{ id, kind: 'short', payload: { n: id }, dedupeKey: null, state: 'running', priority: 0 },
    ...{ attempts: 1, maxAttempts: null, crashes: 0, folds: 0, runAt: 0, createdAt: 0, errors: [] },
    ...{ startedAt: 1, diedAt: null, group: null, ...over },
  }
}

const dead = (name: string, over: Partial<JobRecord>): Partial<JobRecord> => ({
  ...{ state: 'dead', errors: [{ name, message: 'it is', at: 1, attempt: 1 }], ...over },
})

describe('the judge of kills', () => {
  test('accepts a second run of a job that a kill found running', () => {
    const judge = new Judge()
    judge.killed('anywhere', remains([1, 2], RUN, [{}, { id: 2 }]))
    const again = ['start 10 1 short - 1 1', 'end 10 1 short - 1 1']
    judge.drained(remains([], [...again, 'start 10 2 short - 2 1', 'end 10 2 short - 2 1']))
    const hits = { kills: 1, unacknowledged: 0, claimed: 1, started: 0, ended: 1 }
    assert.deepEqual(judge.hits.get('anywhere'), hits)
    assert.equal(judge.acknowledged, 2)
  })

  /** The judge's message, the remains of a killed process, and maybe those of the next process. */
  const violations: Record<
    string,
    [RegExp, ReturnType<typeof remains>, ReturnType<typeof remains>?]
  > = {
    'an acknowledged job that is neither in the file nor done': [
      /acknowledged, and lost: \[2\]/,
      remains([1, 2], RUN),
    ],
    'a fold whose payload is gone': [
      /acknowledged, and lost: \[15\]/,
      remains([3, 15], [], [{ kind: 'keyed', dedupeKey: 'key-3', payload: { n: 3 } }]),
    ],
    'two runs of a job at a time': [
      /two runs of job 1 at a time/,
      remains([1], ['start 9 1 short - 1 1', 'start 9 1 short - 1 1'], [{}]),
    ],
    'two runs of a key at a time': [
      /two runs of key key-3 at a time/,
      remains([3, 15], ['start 9 1 keyed key-3 3 1', 'start 9 2 keyed key-3 15 1']),
    ],
    'a run of a killed thread that goes on beside the next run': [
      /a run of job 1 goes on beside another one/,
      remains(
        [149],
        [1, 2]
          .map((attempt) => `start 9 1 stubborn stubborn 149 ${attempt}`)
          .concat('going 9 1 stubborn stubborn 149 1'),
      ),
    ],
    'a run whose claim is not on disk': [
      /a run has begun whose claim is not on disk/,
      remains([1], ['start 9 1 short - 1 1'], [{ state: 'queued' }]),
    ],
    'a run without a reason': [/a job ran again without a reason/, remains([1], [...RUN, ...RUN])],
    'a second run of a job that no kill has found running': [
      /a job ran again without a reason/,
      remains([1], RUN),
      remains([], ['start 10 1 short - 1 1', 'end 10 1 short - 1 1']),
    ],
    'an attempt that a crash has cost': [
      /a crash has cost an attempt/,
      remains([1], ['start 9 1 short - 1 1'], [{}]),
      remains([], ['start 10 1 short - 1 2', 'end 10 1 short - 1 2']),
    ],
    'a job that nobody has recovered': [
      /running since before its process started/,
      remains([1], ['start 9 1 short - 1 1'], [{}]),
      remains([], [], [{}]),
    ],
    'a job that is stuck': [
      /a job is stuck/,
      remains([1], [], [{}]),
      remains([], [], [{ state: 'queued', attempts: 0, crashes: 1 }]),
    ],
    'a job that is dead for no reason': [
      /dead without a good reason/,
      remains([1], [], [{}]),
      remains([], [], [dead('LostError', { attempts: 0, crashes: 1 })]),
    ],
    'a job that is dead of crashes that cost an attempt': [
      /dead without a good reason/,
      remains([1], [], [{ crashes: 2 }]),
      remains([], [], [dead('LostError', { attempts: 1, crashes: 3 })]),
    ],
  }
  for (const [name, [expected, first, last]] of Object.entries(violations)) {
    test(`finds ${name}`, () => {
      const judge = new Judge()
      const look = (): void => {
        judge.killed('anywhere', first)
        if (last?.rows[0]?.state === 'running') judge.killed('anywhere', last)
        else if (last) judge.drained(last)
      }
      assert.throws(look, expected)
    })
  }
})
