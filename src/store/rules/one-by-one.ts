import type { ClaimedJob } from '../../job/job.ts'
import type { Move } from '../../job/outcome.ts'
import { UNLIMITED } from '../admission.ts'
import type { QueueStore } from '../store.ts'
import { NO_WORK, type Turn } from '../turn.ts'

// For a consumer that takes one job at a time: each of its steps is a turn.

type Turns = Pick<QueueStore, 'turn'>

/** Claims the first due job; undefined when none is due. */
export async function claimFirst(store: Turns, now: number): Promise<ClaimedJob | undefined> {
  const { claimed } = await store.turn({ ...NO_WORK, now, admit: first })
  return claimed[0]
}

/** Ends a claim. False when the claim is no longer the caller's. */
export async function endClaim(
  store: Turns,
  job: ClaimedJob,
  move: Move,
  now: number,
): Promise<boolean> {
  const isCompleted = move.to === 'completed'
  const rerun = isCompleted
    ? { crashes: 0, error: null }
    : { crashes: job.crashes, error: move.error }
  const settle = { job, move, rerun, followUps: [], deliveries: [], breakers: [] }
  const { settled } = await store.turn({ ...NO_WORK, now, settles: [settle] })
  return settled[0] !== undefined
}

/** Admits the first of all due jobs. */
const first: Turn['admit'] = (backlog) => [
  { queues: backlog.map((queue) => ({ ...queue, terms: UNLIMITED })), room: 1, most: Infinity },
]
