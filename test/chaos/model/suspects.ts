import assert from 'node:assert/strict'
import { isSuspect, type Job } from './job.ts'
import type { Ending } from './mail.ts'
import type { Queue } from './queue.ts'
import type { SuspectRow } from './rows.ts'

/** The most ms for which a suspect is put off, and `PUT_OFF` more for each suspect put off. */
const LONGEST_PUT_OFF = 1_000
const PUT_OFF = 10

/** Takes from the rows until when due suspects were put off. @returns the jobs that were put off */
export function putOff(queue: Queue, rows: SuspectRow[]): Job[] {
  const { now, jobs, tally, rounds } = queue
  const moved = rows.filter(({ id, runAt }) => {
    const job = jobs.get(id)
    return job?.state === 'queued' && isSuspect(job) && job.runAt !== runAt
  })
  const latest = now + LONGEST_PUT_OFF + moved.length * PUT_OFF
  return moved.map(({ id, runAt }) => {
    const job = jobs.get(id)!
    assert.ok(job.runAt <= now, `job ${id} is put off, and was not due`)
    assert.ok(runAt > now && runAt <= latest, `job ${id} is put off by ${runAt - now} ms`)
    job.runAt = runAt
    rounds.putOff(job)
    tally.saw('put off: another job runs whose next crash would be its last')
    return job
  })
}

/**
 * Checks that suspects, whose next crash would be their last, run one at a time.
 *
 * @param endings of this turn: a suspect whose run has ended does not count
 */
export function checkSuspects(queue: Queue, waiting: Job[], endings: Ending[]): void {
  const ended = new Set(endings.map(({ claim }) => claim.token))
  const going = queue.all('running').filter((job) => isSuspect(job) && !ended.has(job.token!))
  const ids = going.map(({ id }) => id)
  assert.ok(ids.length < 2, `jobs ${ids.join()} run together, and the next crash may be their last`)
  if (waiting.length > 0)
    assert.equal(ids.length, 1, `job ${waiting[0]!.id} is put off for nothing`)
}
