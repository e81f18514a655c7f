import assert from 'node:assert/strict'
import { HelveError } from '../../../src/job/errors.ts'
import type { ClaimedJob } from '../../../src/job/job.ts'
import type { Command } from '../../../src/store/command.ts'
import { record, type Job } from './job.ts'
import type { Answer } from './mail.ts'
import type { Queue } from './queue.ts'

/** Executes a command in its turn, and checks the engine's answer. */
export function execute(queue: Queue, command: Command, told: Answer): void {
  const { limits, jobs, tally } = queue
  switch (command.type) {
    case 'cancel':
      return assert.deepEqual(told, cancel(queue, jobs.get(command.id)))
    case 'retry':
      return retry(queue, jobs.get(command.id), told)
    case 'discard': {
      const isDead = jobs.get(command.id)?.state === 'dead'
      if (isDead) tally.saw('discarded')
      if (isDead) jobs.delete(command.id)
      return assert.equal(told, isDead)
    }
    case 'pause':
      tally.saw(`paused: a ${Object.keys(command.target).at(-1)}`)
      return assert.equal(told, limits.pause(command.target))
    case 'resume':
      return assert.equal(told, limits.resume(command.target))
    case 'regroup':
      return assert.equal(typeof told, 'boolean')
    case 'file':
      for (const one of command.jobs) file(queue, one)
      return assert.equal(told, true)
  }
}

/** The claim of a job, as the store has to give it. */
export function claimOf(job: Job, token: number): ClaimedJob {
  const { id, kind, key: dedupeKey, priority, group, maxAttempts, overrides, crashes } = job
  const { createdAt, since, runAt, attempts: attempt } = job
  return {
    ...{ id, token, kind, dedupeKey, priority, group, maxAttempts, overrides, crashes },
    ...{ createdAt, since, runAt, attempt, payload: JSON.stringify(job.payload) },
  }
}

/** A running job is told to end; submissions folded into the job so far are cancelled as well. */
function cancel({ clock, tally, expected }: Queue, job: Job | undefined): Answer {
  if (job?.state === 'queued') {
    tally.saw('cancelled while it is queued')
    const told = claimOf(job, 0)
    record(job, 'CancelledError', clock.wall())
    Object.assign(job, { state: 'dead', diedAt: clock.now(), owed: [] })
    return told
  }
  if (job?.state !== 'running' || !job.isOwn) return false
  tally.saw('cancelled while it is running')
  expected.ended.push(job.id)
  Object.assign(job, { cancelled: true, rerun: 0, wallAt: null, owed: [] })
  return 'running'
}

/** A dead job is queued once more, unless a newer job holds its key. */
function retry(queue: Queue, job: Job | undefined, told: Answer): void {
  const { now, tally } = queue
  if (job?.state !== 'dead') return assert.equal(told, false)
  if (queue.holder(job.key) !== undefined) {
    tally.saw('not retried: its key is held')
    assert.ok(told instanceof HelveError)
    return assert.equal(told.code, 'HELVE_ERR_DEDUPE_KEY')
  }
  tally.saw('retried')
  assert.equal(told, true)
  const fresh = { attempts: 0, crashes: 0, backingOff: false, diedAt: null, owed: [job.payload.n] }
  Object.assign(job, { state: 'queued', runAt: now, wallAt: null, since: now, ...fresh })
}

/** Writes the group to which a job belongs, as its kind has said. */
function file({ jobs, tally }: Queue, { id, group }: { id: number; group: string | null }): void {
  const job = jobs.get(id)
  if (job?.state !== 'queued' || job.filed) return
  Object.assign(job, { group, filed: true })
  tally.saw('filed')
}
