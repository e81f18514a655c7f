import assert from 'node:assert/strict'
import type { Both } from './both.ts'
import { checkQueues, numbers } from './check-queues.ts'
import { checkNothingLeft } from './claiming.ts'
import type { Job } from './job.ts'
import { LANES } from './kinds.ts'
import { noMail } from './mail.ts'
import type { Queue } from './queue.ts'
import type { Row } from './rows.ts'

/** Checks that the store holds what the model says. */
export async function check({ queue, engine }: Both): Promise<void> {
  const { store } = engine
  const { now, clock } = queue
  const rows = engine.rows.all()
  const jobs = queue.all().sort((a, b) => a.id - b.id)
  const expected = jobs.map(rowOf)
  // Texts are compared several times as fast as by `deepEqual`, which tells what differs.
  if (JSON.stringify(rows) !== JSON.stringify(expected)) assert.deepEqual(rows, expected)
  checkQueues(queue, engine.rows.queues())
  assert.deepEqual(await store.counts(), counts(jobs))
  const due = jobs.filter(({ state, runAt }) => state === 'queued' && runAt <= now)
  const oldest = Math.min(...due.map(({ runAt }) => runAt))
  assert.equal(await store.oldestDue(now), due.length > 0 ? clock.wallOf(oldest) : undefined)
}

/** Checks that records show people wall time. */
export async function checkShown({ queue, engine }: Both): Promise<void> {
  const { clock } = queue
  const shown = (time: number | null): number | null => (time === null ? null : clock.wallOf(time))
  const due = (runAt: number, { wallAt }: Job): number => {
    return Math.min(clock.wallOf(runAt), wallAt ?? Infinity)
  }
  for (const job of queue.all()) {
    const record = await engine.store.get(job.id)
    assert.deepEqual(
      [record?.runAt, record?.rerunAt, record?.createdAt, record?.startedAt, record?.diedAt],
      [
        ...[due(job.runAt, job), job.rerun === 0 ? null : due(job.rerun, job), job.createdAt],
        ...[shown(job.startedAt), shown(job.diedAt)],
      ],
      `what is shown of job ${job.id}`,
    )
  }
}

/** Checks what the engine has told, and that everything waits for time or the end of a run only. */
export function checkQuiet({ queue, engine }: Both): void {
  const { mail, expected } = queue
  assert.deepEqual(mail, noMail(), 'mail that no turn takes')
  assert.deepEqual(engine.acknowledgements(), expected.acknowledgements.splice(0))
  assert.deepEqual(engine.answers(), expected.answers.splice(0))
  assert.deepEqual(new Set(engine.ended()), new Set(expected.ended.splice(0)))
  assert.deepEqual(shares(engine.onces()), shares(expected.onces.splice(0)))
  const starts = expected.starts.splice(0)
  for (const lane of engine.lanes) {
    const own = starts.filter(({ lane: of }) => of === lane)
    assert.deepEqual(engine.starts(lane), own)
    const held = queue.onThreads().filter(({ kind }) => LANES[kind] === lane)
    assert.deepEqual(new Set(engine.running(lane)), new Set(held.map(({ id }) => id)), 'I11: slots')
  }
  if (queue.isClaiming) checkNothingWaits(queue)
}

/** Checks that no due job waits for its start, nor for its group before. */
function checkNothingWaits(queue: Queue): void {
  const running = queue.all('running')
  checkNothingLeft(
    queue,
    queue.all('queued').filter((job) => queue.isDue(job, running)),
  )
}

/** How many calls of `once` have run a job, and how many have not. */
function shares(onces: boolean[]): [ran: number, idle: number] {
  const ran = onces.filter(Boolean).length
  return [ran, onces.length - ran]
}

function counts(jobs: Job[]) {
  const kinds = new Set(jobs.map(({ kind }) => kind))
  const of = (kind: string): Job[] => jobs.filter((job) => job.kind === kind)
  return Object.fromEntries([...kinds].map((kind) => [kind, numbers(of(kind))]))
}

function rowOf(job: Job): Row {
  return {
    id: job.id,
    kind: job.kind,
    payload: JSON.stringify(job.payload),
    key: job.key,
    group: job.group,
    filed: job.filed,
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
    wallAt: job.wallAt,
    backingOff: job.backingOff,
    createdAt: job.createdAt,
    since: job.since,
    startedAt: job.startedAt,
    diedAt: job.diedAt,
  }
}
