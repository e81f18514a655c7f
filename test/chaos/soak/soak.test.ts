import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../support/folder.ts'
import { SEED } from '../part.ts'
import { judgeEnd } from './balance.ts'
import { judgeSamples } from './limits.ts'
import { processesIn } from './processes.ts'
import type { Counted, End, Sample } from './report.ts'
import { run, share } from './soak.ts'

test('a process under a mixed load stays within limits', async () => {
  const figures = await run({ seed: SEED, ...share })
  assert.ok(Number(figures['jobs completed']) > 0)
  assert.ok(Number(figures['threads ended']) > 0)
  assert.ok(Number(figures['runs that were lost with their thread']) > 0)
  assert.ok(Number(figures['processes of handlers, all ended']) > 0)
  assert.ok(Number(figures['backups']) > 0)
})

const MiB = 1_048_576
const OWN = { heap: 16, delay: 25, slack: 1 }

/** Samples of a process that takes the same all the time, except for the values in `over`. */
function samples(over: (second: number) => Partial<Sample> = () => ({})): Sample[] {
  return Array.from({ length: 100 }, (_, second) => ({
    jobs: 250 * second,
    rss: 120 * MiB,
    heap: 8 * MiB,
    files: 39,
    threads: 14,
    wal: 4 * MiB,
    file: MiB,
    delay: { p99: 3, max: 30 },
    ...over(second),
  }))
}

describe('the judge of a soak', () => {
  const exceeding: [what: string, over: (second: number) => Partial<Sample>, expected: RegExp][] = [
    ['memory that grows', (second) => ({ rss: (120 + 2 * second) * MiB }), /MiB of memory/],
    ['heap that each job leaves', (second) => ({ heap: 24 * 250 * second }), /bytes of heap/],
    ['files left open', (second) => ({ files: 39 + second / 5 }), /open files, grown/],
    ['too many files', (second) => ({ files: second === 50 ? 200 : 39 }), /open files, most/],
    ['threads that stay', (second) => ({ threads: 14 + second / 10 }), /threads, grown/],
    ['too many threads', (second) => ({ threads: second === 50 ? 90 : 14 }), /threads, most/],
    ['a log that grows', (second) => ({ wal: second === 50 ? 70 * MiB : 0 }), /log, most/],
    ['a log that stays', (second) => ({ wal: second === 99 ? 20 * MiB : 0 }), /log, at the end/],
    ['a file that grows', (second) => ({ file: (second / 5) * MiB }), /of the file, grown/],
    ['a loop held up', () => ({ delay: { p99: 30, max: 30 } }), /event-loop delay/],
  ]
  test('accepts a process that takes the same all the time', () => {
    assert.equal(Object.keys(judgeSamples(samples(), OWN)).length, exceeding.length)
  })
  test('accepts short peaks, and growth in the warm-up', () => {
    judgeSamples(
      samples((second) => ({
        rss: (second % 10 === 0 ? 400 : Math.min(120, 50 + 5 * second)) * MiB,
        files: second % 10 === 0 ? 60 : 39,
        delay: { p99: second % 3 === 0 ? 80 : 3, max: 90 },
      })),
      OWN,
    )
  })
  for (const [what, over, expected] of exceeding) {
    test(`finds ${what}: ${expected.source}`, () => {
      assert.throws(() => judgeSamples(samples(over), OWN), expected)
    })
  }
  test('refuses samples that are too few, or lack a measure', () => {
    assert.throws(() => judgeSamples(samples().slice(0, 4), OWN), /samples for 5/)
    const unmeasured = samples().map(({ heap: _, ...rest }) => rest)
    assert.throws(() => judgeSamples(unmeasured, OWN), /bytes of heap/)
  })
})

describe('the balance of a soak', () => {
  const counted: Counted = {
    acknowledged: 90,
    followUps: 10,
    created: 100,
    folded: 7,
    completed: 80,
    reruns: 5,
    retries: 9,
    lost: 2,
    snoozed: 4,
    dead: 12,
    cancelled: 4,
    revived: 1,
    removed: 6,
    threadsEnded: 3,
    processes: 8,
    putOff: 1,
  }
  const end: End = {
    counted,
    disturbances: {},
    rows: { queued: 5, running: 0, dead: 9 },
    check: { ok: true, problems: [] },
    unexpected: [],
    cpuSeconds: 1,
    seconds: 60,
  }
  const wrong: [what: string, over: Partial<End>, expected: RegExp][] = [
    ['a job that is lost', { rows: { ...end.rows, queued: 4 } }, /ended or in the file/],
    ['a job that still runs', { rows: { queued: 4, running: 1, dead: 9 } }, /still running/],
    ['a job that nobody accepted', { counted: { ...counted, created: 101 } }, /new jobs/],
    ['a death that nobody told of', { counted: { ...counted, dead: 11 } }, /dead jobs/],
    ['a file that is not whole', { check: { ok: false, problems: ['page 3'] } }, /page 3/],
    ['an unexpected event', { unexpected: ['a turn: something'] }, /something/],
  ]
  test('accepts a process that has ended in order', () => judgeEnd(end))
  for (const [what, over, expected] of wrong) {
    test(`finds ${what}`, () => assert.throws(() => judgeEnd({ ...end, ...over }), expected))
  }
})

test('a process is found by the folder that it was started in', async (t) => {
  const folder = await temporaryFolder(t)
  const process = spawn('sleep', ['300'], { cwd: folder })
  t.after(() => process.kill())
  await once(process, 'spawn')
  assert.deepEqual(processesIn(folder), [process.pid])
  process.kill()
  await once(process, 'exit')
  assert.deepEqual(processesIn(folder), [])
})
