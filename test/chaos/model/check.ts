import assert from 'node:assert/strict'
import type { Both } from './both.ts'
import { checkNothingLeft } from './claiming.ts'
import { groupOf, type Job } from './job.ts'
import { LANES } from './kinds.ts'
import { noMail } from './mail.ts'
import type { Row } from './rows.ts'

/** What is in the store is what has to be there. */
export async function check({ queue, engine }: Both): Promise<void> {
  const { store } = engine
  const rows = engine.rows()
  const jobs = queue.all().sort((a, b) => a.id - b.id)
  // A kind may have given it its group meanwhile, and that stays.
  rows.forEach(({ group }, i) => {
    if (jobs[i] && group === groupOf(jobs[i])) jobs[i].group = group
  })
  const expected = jobs.map(rowOf)
  // Several times as fast as the other comparison, which tells what differs.
  if (JSON.stringify(rows) !== JSON.stringify(expected)) assert.deepEqual(rows, expected)
  assert.deepEqual(await store.counts(), counts(jobs))
  const due = jobs.filter(({ state, runAt }) => state === 'queued' && runAt <= queue.now)
  const oldest = due.length > 0 ? Math.min(...due.map(({ runAt }) => runAt)) : undefined
  assert.equal(await store.oldestDue(queue.now), oldest)
}

/** Nothing waits but for time, or for a run to end. */
export function checkQuiet({ queue, engine }: Both): void {
  const { mail, expected } = queue
  assert.deepEqual(mail, noMail(), 'mail that no turn takes')
  assert.deepEqual(engine.acknowledgements(), expected.acknowledgements.splice(0))
  assert.deepEqual(shares(engine.onces()), shares(expected.onces.splice(0)))
  const starts = expected.starts.splice(0)
  for (const lane of engine.lanes) {
    const own = starts.filter(({ lane: of }) => of === lane)
    assert.deepEqual(engine.starts(lane), own)
    const held = queue.onThreads().filter(({ kind }) => LANES[kind] === lane)
    assert.deepEqual(new Set(engine.running(lane)), new Set(held.map(({ id }) => id)), 'I11: slots')
  }
  if (queue.isClaiming) checkNothingLeft(queue)
}

/** How many calls of `once` have run something, and how many have not. */
function shares(onces: boolean[]): [ran: number, idle: number] {
  const ran = onces.filter(Boolean).length
  return [ran, onces.length - ran]
}

function counts(jobs: Job[]) {
  const counts: Record<string, Record<Job['state'], number>> = {}
  for (const { kind, state } of jobs) {
    counts[kind] ??= { queued: 0, running: 0, dead: 0 }
    counts[kind][state] += 1
  }
  return counts
}

function rowOf(job: Job): Row {
  return {
    id: job.id,
    kind: job.kind,
    payload: JSON.stringify(job.payload),
    key: job.key,
    group: job.group,
    priority: job.priority,
    maxAttempts: job.maxAttempts,
    state: job.state,
    attempts: job.attempts,
    crashes: job.crashes,
    folds: job.folds,
    rerun: job.rerun,
    token: job.token ?? null,
    errors: job.errors,
    runAt: job.runAt,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    diedAt: job.diedAt,
  }
}
