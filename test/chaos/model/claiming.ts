import assert from 'node:assert/strict'
import type { ClaimedJob } from '../../../src/job/job.ts'
import type { Terms } from '../../../src/pool/pool.ts'
import type { TurnResult, UnfiledJob } from '../../../src/store/turn.ts'
import { failed } from '../../support/fake-pool.ts'
import type { Job } from './job.ts'
import { groupOf, LANES } from './kinds.ts'
import { countOnce } from './onces.ts'
import { checkOrder, type ClaimContext } from './order.ts'
import { claimOf } from './orders.ts'
import type { Queue } from './queue.ts'

/** Starts the jobs that a turn has claimed; checks that they may start, and no other job had to. */
export function claim(queue: Queue, result: TurnResult, context: ClaimContext): void {
  const { claimed, more, unfiled } = result
  const { once } = context
  const most = once ? 1 : queue.isClaiming ? Infinity : 0
  assert.ok(claimed.length <= most, `it claims ${claimed.length} jobs, and not ${most} at most`)
  const started = claimed.map((one) => {
    const job = queue.jobs.get(one.id)
    assert.ok(job?.state === 'queued', `I3: job ${one.id} is claimed, and not queued`)
    assert.equal(queue.startsAt(job), queue.now, `job ${one.id} is claimed past a limit`)
    assert.ok(!queue.isUnfiled(job), `job ${one.id} is claimed before its group is known`)
    checkOrder(queue, job, context)
    start(queue, job, one)
    return job
  })
  const ready = queue.ready()
  queue.rounds.look(ready)
  if (more) queue.tally.saw('a turn was cut short')
  else if (claimed.length < most) checkNothingLeft(queue, ready)
  if (ready.length > 0) queue.tally.saw('due, and without a slot')
  if (queue.isClaiming && !once && !more) checkNextDue(queue, result)
  if (once) countOnce(queue, result, ready)
  handOff(queue, started, claimed)
  if (unfiled.length > 0) fileNext(queue, unfiled, more)
}

/** I11: checks that no job is left that could start now. */
export function checkNothingLeft(queue: Queue, jobs: Job[]): void {
  const running = queue.all('running')
  const left = jobs.find((job) => queue.limits.hasSlot(job, running))
  assert.equal(left, undefined, `I11: job ${left?.id} is left behind, though it could start`)
}

/** The engine's next look may be too early, but not too late. */
function checkNextDue(queue: Queue, { nextDue }: TurnResult): void {
  const next = queue.nextStart()
  assert.ok(nextDue <= next, `the next look is ${nextDue - next} ms after the next start`)
}

function start(queue: Queue, job: Job, claimed: ClaimedJob): void {
  const { now } = queue
  const twin = queue.all('running').find(({ key }) => key !== null && key === job.key)
  assert.equal(twin, undefined, `I3: job ${twin?.id} runs with the key of job ${job.id}`)
  queue.limits.take(job, now)
  const { token } = claimed
  Object.assign(job, { state: 'running', startedAt: now, attempts: job.attempts + 1, token })
  Object.assign(job, { wallAt: null, backingOff: false, isOwn: true, onThread: true })
  assert.deepEqual(claimed, claimOf(job, token))
}

/** Hands jobs to their lanes, after the commit. */
function handOff(queue: Queue, jobs: Job[], claimed: ClaimedJob[]): void {
  for (const [i, job] of jobs.entries()) {
    const { id, kind, attempts: attempt } = job
    if (LANES[kind] === null) giveBack(queue, job, claimed[i]!)
    else {
      job.owed = []
      queue.expected.starts.push({ id, lane: LANES[kind], attempt, terms: termsOf(queue, job) })
    }
  }
}

/** Fails a job of a kind that nobody handles: no thread gets the job. */
function giveBack(queue: Queue, job: Job, claimed: ClaimedJob): void {
  const error = { name: 'NoHandlerError', message: '' }
  job.onThread = false
  queue.mail.endings.push({ claim: claimed, outcome: failed({ error, permanent: true }) })
}

function termsOf({ limits }: Queue, { kind, crashes, maxAttempts, overrides }: Job): Terms {
  const policy = limits.policies[kind]
  return {
    maxAttempts: maxAttempts ?? policy.maxAttempts,
    timeout: overrides?.timeout ?? policy.timeout,
    grace: policy.grace,
    // A job that has crashed runs alone, so that it can take no other job along.
    alone: policy.alone || crashes > 0,
    most: limits.most(kind),
  }
}

/** The next turn writes the groups of unfiled jobs, and claims the jobs that may start then. */
function fileNext(queue: Queue, unfiled: UnfiledJob[], more: boolean): void {
  assert.ok(more, 'jobs wait for their groups, and no turn follows')
  const jobs = unfiled.map(({ id, kind, payload }) => {
    const job = queue.jobs.get(id)
    assert.ok(job?.state === 'queued' && queue.isUnfiled(job), `job ${id} waits for no group`)
    assert.deepEqual([kind, payload], [job.kind, JSON.stringify(job.payload)])
    return { id, group: groupOf(job.kind, job.payload) }
  })
  queue.mail.orders.push({ type: 'file', jobs })
}
