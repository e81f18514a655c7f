import assert from 'node:assert/strict'
import type { Job } from './job.ts'
import type { Queue } from './queue.ts'
import type { QueueRow } from './rows.ts'

/** Checks the row of each kind and priority against its jobs, and that no row is missing. */
export function checkQueues(queue: Queue, rows: QueueRow[]): void {
  const left = new Map<string, Job[]>()
  for (const job of queue.all()) {
    const name = `${job.kind} ${job.priority}`
    left.set(name, [...(left.get(name) ?? []), job])
  }
  const running = queue.all('running')
  for (const { kind, priority, readyAt, ...written } of rows) {
    const name = `${kind} ${priority}`
    const jobs = left.get(name)
    assert.ok(jobs, `helve_queues has a row for ${name}, and there is no job`)
    left.delete(name)
    assert.deepEqual(written, numbers(jobs), `helve_queues, ${name}`)
    const next = nextOf(queue, jobs, running)
    const isLate = readyAt === null ? next < Infinity : readyAt > next
    assert.ok(
      !isLate,
      `I8: the queue ${name} is looked at at ${readyAt}, and a job starts at ${next}`,
    )
  }
  assert.deepEqual([...left.keys()], [], 'helve_queues has no row')
}

export function numbers(jobs: Job[]): Record<Job['state'], number> {
  const numbers = { queued: 0, running: 0, dead: 0 }
  for (const { state } of jobs) numbers[state] += 1
  return numbers
}

/** When time alone lets the next job start, given a slot. A `wallAt` to come is left out. */
function nextOf(queue: Queue, jobs: Job[], running: Job[]): number {
  const { limits, now, mail } = queue
  // The new limit of the kind's groups is not written yet.
  if (mail.orders.some(({ type }) => type === 'regroup')) return Infinity
  const queued = jobs.filter(({ state }) => state === 'queued')
  return Math.min(...queued.map((job) => Math.max(now, job.runAt, limits.freeAt(job, running))))
}
