import { violation } from '../crash/violation.ts'
import { guidOf } from './event.ts'
import type { Post } from './receiver.ts'

/** The record of one attempt, from the file. */
export interface AttemptRow {
  hook: number
  guid: string
  outcome: string | null
}

/** The delivery of one event to one hook, from the file. */
export interface DeliveryRow {
  hook: number
  guid: string
  delivered: boolean
}

/** What the hosts and their receiver leave behind, after the last host has drained the queue. */
export interface Remains {
  /** Numbers of the events that were acknowledged. */
  acknowledged: readonly number[]
  hooks: readonly number[]
  posts: readonly Post[]
  attempts: readonly AttemptRow[]
  deliveries: readonly DeliveryRow[]
  /** Jobs that are still in the file. */
  jobs: number
}

/** Finds what must not happen to events when hosts are killed while they deliver. */
export function judge(remains: Remains): void {
  const { acknowledged, hooks, posts, attempts, deliveries, jobs } = remains
  if (jobs > 0) violation('jobs are left', jobs)
  const [seen, killed] = [tally(posts), tally(posts.filter(({ end }) => end === 'killed'))]
  const made = tally(deliveries)
  for (const n of acknowledged) {
    for (const hook of hooks) {
      const name = nameOf({ hook, guid: guidOf(n) })
      if (!seen.has(name)) violation('an acknowledged event was never received', name)
      if (!made.has(name)) violation('an acknowledged event has no delivery', name)
    }
  }
  const wrong = posts.find(({ guid, n }) => n !== undefined && guid !== guidOf(n))
  if (wrong) violation('an event came with another GUID', wrong)
  for (const [name, count] of made) if (count > 1) violation('an event has two deliveries', name)
  judgeAttempts(attempts, seen, killed)
  const undelivered = deliveries.find(({ delivered }) => !delivered)
  if (undelivered) violation('a delivery was never made', undelivered)
}

function judgeAttempts(
  attempts: readonly AttemptRow[],
  seen: ReadonlyMap<string, number>,
  killed: ReadonlyMap<string, number>,
): void {
  const odd = attempts.find(({ outcome }) => outcome !== 'ok' && outcome !== 'interrupted')
  if (odd?.outcome === null) violation('the record of an attempt is open', odd)
  if (odd) violation('an attempt has an end that nobody has made', odd)
  const recorded = tally(attempts)
  const interrupted = tally(attempts.filter(({ outcome }) => outcome === 'interrupted'))
  for (const [name, count] of killed) {
    const traces = interrupted.get(name) ?? 0
    if (traces < count) violation('a killed request has no record', { name, count, traces })
  }
  for (const [name, count] of seen) {
    const traces = recorded.get(name) ?? 0
    if (traces < count) violation('a request has no record', { name, count, traces })
  }
}

type OfOneHook = Pick<Post, 'hook' | 'guid'>

/** How many there are of each hook and GUID. */
function tally(all: readonly OfOneHook[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const one of all) counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + 1)
  return counts
}

function nameOf({ hook, guid }: OfOneHook): string {
  return `hook ${hook}, ${guid}`
}
