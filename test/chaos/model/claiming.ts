import assert from 'node:assert/strict'
import type { ClaimedJob } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/outcome.ts'
import type { Terms } from '../../../src/pool/pool.ts'
import type { TurnResult } from '../../../src/store/store.ts'
import { failed } from '../../support/fake-pool.ts'
import { groupOf, type Job } from './job.ts'
import { LANES } from './kinds.ts'
import { checkOrder, type ClaimContext } from './order.ts'
import type { Queue } from './queue.ts'
import { hasLastChance } from './settling.ts'

/** Milliseconds between two jobs that are put off together. */
export const PUT_OFF = 10

/** Starts what a turn has claimed, if all of it may start, and nothing else had to. */
export function claim(queue: Queue, { claimed, more }: TurnResult, context: ClaimContext): void {
  const { once } = context
  const most = once ? 1 : queue.isClaiming ? Infinity : 0
  assert.ok(claimed.length <= most, `it claims ${claimed.length} jobs, and not ${most} at most`)
  const started = claimed.map((one) => {
    const job = queue.jobs.get(one.id)
    assert.ok(job?.state === 'queued', `I3: job ${one.id} is claimed, and not queued`)
    assert.equal(queue.startsAt(job, 'least'), queue.now, `job ${one.id} is claimed past a limit`)
    checkOrder(queue, job, context)
    start(queue, job, one)
    return job
  })
  const ready = queue.ready()
  queue.rounds.look(ready)
  if (more) queue.tally.saw('a turn was cut short')
  else if (claimed.length < most) checkNothingLeft(queue, ready)
  if (ready.length > 0) queue.tally.saw('due, and without a slot')
  if (once) countOnce(queue, claimed, more)
  handOff(queue, started, claimed)
}

/** I11: what could start now does. */
export function checkNothingLeft(queue: Queue, ready = queue.ready()): void {
  const running = queue.all('running')
  const left = ready.find((job) => queue.limits.hasSlot(job, running))
  assert.equal(left, undefined, `I11: job ${left?.id} is left behind, though it could start`)
}

function start(queue: Queue, job: Job, claimed: ClaimedJob): void {
  const { now } = queue
  const twin = queue.all('running').find(({ key }) => key !== null && key === job.key)
  assert.equal(twin, undefined, `I3: job ${twin?.id} runs with the key of job ${job.id}`)
  queue.limits.take(job, now)
  const { token } = claimed
  const attempts = job.attempts + 1
  Object.assign(job, { state: 'running', startedAt: now, attempts, token, group: groupOf(job) })
  Object.assign(job, { isOwn: true, onThread: true })
  const { id, kind, key: dedupeKey, priority, group, maxAttempts, crashes } = job
  const { createdAt, runAt } = job
  assert.deepEqual(claimed, {
    ...{ id, token, kind, dedupeKey, priority, group, maxAttempts, crashes, createdAt, runAt },
    ...{ payload: JSON.stringify(job.payload), attempt: attempts, overrides: job.overrides },
  })
}

function countOnce(queue: Queue, [first]: ClaimedJob[], more: boolean): void {
  if (first !== undefined) {
    queue.onces.add(first.id)
    queue.tally.saw('once: one job')
    // It has looked at as many as a turn may.
  } else if (more) queue.mail.onces += 1
  else {
    queue.expected.onces.push(false)
    queue.tally.saw('once: nothing runnable')
  }
}

/** After the commit. */
function handOff(queue: Queue, jobs: Job[], claimed: ClaimedJob[]): void {
  const candidates = jobs
    .filter(hasLastChance)
    .sort((a, b) => a.priority - b.priority || a.id - b.id)
  if (candidates[0]) queue.lastChance ??= { id: candidates[0].id, since: queue.now }
  let putOff = 0
  for (const [i, job] of jobs.entries()) {
    if (!hasLastChance(job) || job.id === queue.lastChance?.id) startRun(queue, job, claimed[i]!)
    else giveBack(queue, job, claimed[i]!, afterLastChance(queue, (putOff += 1)))
  }
}

/** By as long as the other one has run so far, a second at most, and one after the other. */
function afterLastChance({ lastChance, now, tally }: Queue, nth: number): Outcome {
  tally.saw('put off: another job runs whose next crash would be its last')
  const taken = Math.min(Math.max(0, now - lastChance!.since), 1_000)
  return { type: 'released', reason: '', delay: taken + nth * PUT_OFF }
}

function startRun(queue: Queue, job: Job, claimed: ClaimedJob): void {
  const { id, kind, attempts: attempt } = job
  if (LANES[kind] === null) {
    const error = { name: 'NoHandlerError', message: '' }
    return giveBack(queue, job, claimed, failed({ error, permanent: true }))
  }
  job.owed = []
  queue.expected.starts.push({ id, lane: LANES[kind], attempt, terms: termsOf(queue, job) })
}

/** No thread gets it. */
function giveBack(queue: Queue, job: Job, claimed: ClaimedJob, outcome: Outcome): void {
  job.onThread = false
  queue.mail.endings.push({ claim: claimed, outcome })
}

function termsOf({ limits }: Queue, { kind, crashes, maxAttempts, overrides }: Job): Terms {
  const policy = limits.policies[kind]
  return {
    maxAttempts: maxAttempts ?? policy.maxAttempts,
    timeout: overrides?.timeout ?? policy.timeout,
    grace: policy.grace,
    // So that it can take nobody else along.
    alone: policy.alone || crashes > 0,
    most: limits.most(kind),
  }
}
