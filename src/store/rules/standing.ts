import type { JobRecord } from '../../job/job.ts'
import type { Pause } from '../../job/pause.ts'
import type { Queue } from '../admission.ts'
import { freeAt, spentAt } from '../claiming/bucket.ts'
import type { Standing } from '../inspection.ts'
import type { QueueClock } from '../timeline.ts'

/** Jobs ahead are counted up to this number: nobody needs to know a larger number exactly. */
const MOST_AHEAD = 10_000
/** Most running jobs of a group that are named: more than any lane runs. */
const MOST_NAMED = 10_000

/** What {@link standingOf} asks of a store, at one moment. */
export interface StandingSource {
  pauses(): Pause[]
  /** The queues that have queued jobs. */
  backlog(): Queue[]
  /** Id of the live job that holds a key. */
  holder(key: string | null): number | undefined
  /** When the bucket of a kind (group `''`) or a group is full again; undefined if none is kept. */
  spent(kind: string, group: string): number | undefined
  /** Ids of the running jobs of a group, `limit` at most. */
  groupRunning(kind: string, group: string, limit: number): number[]
  /** Jobs without a group that come before `runAt` and `id`, counted up to `limit`. */
  ahead(queue: Queue, runAt: number, id: number, limit: number): number
  /** Groups whose bound is below `runAt`, counted up to `limit`. */
  groupsAhead(queue: Queue, runAt: number, limit: number): number
}

type Rivals = (job: JobRecord, backlog: Queue[]) => Queue[]

/** Where a job stands at a moment of the queue. */
export function standingOf(
  source: StandingSource,
  clock: QueueClock,
  job: JobRecord,
  now: number,
  rivals: Rivals,
): Standing {
  const { id, kind, group, dedupeKey } = job
  const holder = source.holder(dedupeKey)
  const ofKind = source.spent(kind, '')
  const ofGroup = group === null ? 0 : source.spent(kind, group)
  return {
    job,
    pauses: source.pauses(),
    ahead: ahead(source, job, clock.timeOf(job.runAt), now, rivals(job, source.backlog())),
    groupRunning: group === null ? [] : source.groupRunning(kind, group, MOST_NAMED),
    keyHolder: holder === id ? undefined : holder,
    kindFreeAt: (rate) => clock.wallOf(freeAt(spentAt(now, rate, ofKind), rate)),
    groupFreeAt: (rate) => clock.wallOf(freeAt(spentAt(now, rate, ofGroup), rate)),
  }
}

/** Due jobs of these queues that come before the job. A group counts as one job, its next one. */
function ahead(
  source: StandingSource,
  { priority, id }: JobRecord,
  runAt: number,
  now: number,
  queues: Queue[],
): number {
  let sum = 0
  for (const queue of queues.filter((one) => one.priority <= priority)) {
    const until = queue.priority < priority ? now : Math.min(now, runAt)
    const before = queue.priority < priority ? Number.MAX_SAFE_INTEGER : id
    const limit = MOST_AHEAD - sum
    if (limit <= 0) break
    sum += source.ahead(queue, until, before, limit) + source.groupsAhead(queue, until, limit)
  }
  return Math.min(sum, MOST_AHEAD)
}
