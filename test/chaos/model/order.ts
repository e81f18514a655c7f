import assert from 'node:assert/strict'
import { precedes, type Job } from './job.ts'
import { LANES } from './kinds.ts'
import type { Queue } from './queue.ts'

/** What else happens in the turn that claims. */
export interface ClaimContext {
  /** Jobs that the turn has written. */
  written: ReadonlySet<Job>
  /** Whether the turn claims one job of all lanes, for a call of `once`. */
  once: boolean
}

/** Checks that within the limits jobs start in order, and jobs of several groups by turns. */
export function checkOrder(queue: Queue, job: Job, { written, once }: ClaimContext): void {
  const running = queue.all('running')
  const ready = queue.ready()
  for (const other of ready) {
    if (other === job || (!once && LANES[other.kind] !== LANES[job.kind])) continue
    if (!comesFirst(other, job)) continue
    // Jobs that wait already come before jobs that this turn writes.
    if (written.has(other) && other.priority === job.priority) continue
    if (!queue.limits.hasSlot(other, running)) continue
    assert.fail(`job ${job.id} is claimed before job ${other.id}`)
  }
  if (job.group !== null) checkRound(queue, job, ready, written)
}

/** A job that this turn writes may come too late to keep its group in the round. */
function checkRound(queue: Queue, job: Job, ready: Job[], written: ReadonlySet<Job>): void {
  const { kind, priority, group } = job
  const others = queue.all('queued').filter((other) => {
    return other !== job && other.kind === kind && other.priority === priority
  })
  const isLast = !others.some((other) => other.group === group && !written.has(other))
  queue.rounds.start(job, ready, isLast)
}

function comesFirst(a: Job, b: Job): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority
  return isInOneOrder(a, b) && precedes(a, b)
}

/** Whether both jobs have no group, or both are of one group. */
function isInOneOrder(a: Job, b: Job): boolean {
  return a.group === b.group && (a.group === null || a.kind === b.kind)
}
