import type { Breaker } from '../job/breaker.ts'
import { failureText } from '../job/failure.ts'
import type { Pause } from '../job/pause.ts'
import type { JobRecord } from '../job/job.ts'
import type { Queue } from '../store/admission.ts'
import type { Standing } from '../store/inspection.ts'
import { mostSlots, waitsForHandler, type Lanes } from './admission.ts'
import { Pauses } from './pauses.ts'

/** The one reason why a job does not run now, for programs (`code`) and for people (`reason`). */
export type Explanation = { reason: string } & (
  | { code: 'running'; since: number }
  | { code: 'stalled'; since: number }
  /** The job's time has not come. */
  | { code: 'scheduled'; at: number }
  /** The job has failed before, and waits for its next run, whose number is `run`. */
  | { code: 'retry'; at: number; run: number; of: number }
  | { code: 'paused'; pause: Pause }
  /** Runs of its group fail: after `breaker.until` one job tries the group. */
  | { code: 'breaker'; breaker: Breaker }
  /**
   * Nobody handles the job's kind. The job will be dead as soon as a turn looks at it; with the
   * option `unknownKinds: 'wait'` it waits until somebody handles its kind.
   */
  | { code: 'no handler' }
  /** No thread of the job's lane can be set up; `problem` says why. */
  | { code: 'no thread'; problem: string }
  | { code: 'rate'; until: number; of: 'kind' | 'group' }
  | { code: 'group'; running: number[] }
  /** The job's kind holds as many slots of its lane as it may hold. */
  | { code: 'kind'; most: number }
  /** Due jobs of the lane come first, or the lane is full; `estimate` is in ms, if it is known. */
  | { code: 'behind'; ahead: number; estimate: number | undefined }
  | { code: 'dead'; keyHolder: number | undefined }
  /** The runtime does not claim: `run` has not been called, or the runtime stops. */
  | { code: 'not claiming' }
)

/** What the runtime knows beyond the queue. */
export interface Surroundings {
  lanes: Lanes
  /** Epoch milliseconds, since people see wall time. */
  now: number
  isClaiming: boolean
  isStalled: boolean
  /** Jobs of a lane that settle in a millisecond; 0 if the number is not known. */
  pace: (lane: string) => number
  /** The breaker of a group, unless it is closed. */
  breaker: (kind: string, group: string) => Breaker | undefined
}

/** The queues whose jobs compete with a job for its lane. */
export function rivals(job: JobRecord, backlog: Queue[], lanes: Lanes): Queue[] {
  const lane = lanes.of(job.kind)
  return backlog.filter(({ kind }) => lanes.of(kind) === lane)
}

export function explain(standing: Standing, around: Surroundings): Explanation {
  const { job } = standing
  if (job.state === 'running') return running(job, around)
  if (job.state === 'dead') return dead(standing)
  return waits(standing, around) ?? behind(standing, around)
}

function running(job: JobRecord, { isStalled }: Surroundings): Explanation {
  const since = job.startedAt!
  if (!isStalled) {
    const owed =
      job.rerunAt === null ? '' : `; a submission was folded in, and gets a run of its own`
    const reason = `it has been running since ${moment(since)}${owed}`
    return { code: 'running', since, reason }
  }
  const reason = `it was claimed at ${moment(since)}, and the event loop of its thread is held up`
  return { code: 'stalled', since, reason }
}

function dead({ job, keyHolder }: Standing): Explanation {
  const error = job.errors.at(-1)
  const why = error === undefined ? '' : `: ${failureText(error)}`
  const held =
    keyHolder === undefined
      ? ''
      : `; its key ${JSON.stringify(job.dedupeKey)} is held by job ${keyHolder}`
  return { code: 'dead', keyHolder, reason: `it died at ${moment(job.diedAt!)}${why}${held}` }
}

/** The first reason why the job waits, other than jobs ahead of it; undefined if there is none. */
function waits(standing: Standing, around: Surroundings): Explanation | undefined {
  const { job, pauses, groupRunning } = standing
  const { lanes, now } = around
  const { kind, group, runAt } = job
  if (!around.isClaiming)
    return { code: 'not claiming', reason: 'the runtime is not claiming jobs' }
  if (lanes.of(kind) === undefined) {
    const waits = waitsForHandler(kind, lanes) ? ': it waits until somebody does' : ''
    return { code: 'no handler', reason: `nobody handles kind ${kind}${waits}` }
  }
  const pause = new Pauses(pauses).find(lanes.of(kind), kind, group)
  if (pause) return { code: 'paused', pause, reason: paused(pause) }
  const breaker = group === null ? undefined : around.breaker(kind, group)
  if (breaker && breaker.until > Math.max(now, runAt)) {
    return { code: 'breaker', breaker, reason: heldBack(breaker) }
  }
  if (runAt > now) return later(job, lanes)
  const { rate, groupRate, groupConcurrency } = lanes.policy(kind)
  const until = rate ? standing.kindFreeAt(rate) : 0
  if (until > now) {
    return { code: 'rate', until, of: 'kind', reason: atRate(`kind ${kind}`, until) }
  }
  const groupRoom = Math.min(groupConcurrency, breaker?.room ?? Infinity)
  if (group !== null && groupRunning.length >= groupRoom) {
    const reason = `its group ${JSON.stringify(group)} is full: ${named(groupRunning)} running`
    return { code: 'group', running: groupRunning, reason }
  }
  const groupUntil = group !== null && groupRate ? standing.groupFreeAt(groupRate) : 0
  if (groupUntil > now) {
    const reason = atRate(`its group ${JSON.stringify(group)}`, groupUntil)
    return { code: 'rate', until: groupUntil, of: 'group', reason }
  }
  const most = mostSlots(kind, lanes)
  const lane = lanes.of(kind)!
  const pool = lanes.pools.get(lane)
  if (pool?.problem !== undefined) {
    const reason = `no thread of lane ${lane} can be started: ${pool.problem}`
    return { code: 'no thread', problem: pool.problem, reason }
  }
  if (pool && pool.free > 0 && pool.roomFor(kind, most).room < lanes.cost(kind)) {
    const slots = most === 1 ? '1 slot' : `${most} slots`
    const reason = `kind ${kind} holds ${slots} of lane ${lane}, and may hold no more`
    return { code: 'kind', most, reason }
  }
  return undefined
}

function later(
  { runAt, attempts, maxAttempts, kind, isBackingOff, errors }: JobRecord,
  lanes: Lanes,
): Explanation {
  const error = errors.at(-1)
  if (error === undefined || !isBackingOff) {
    return { code: 'scheduled', at: runAt, reason: `it is due at ${moment(runAt)}` }
  }
  const of = maxAttempts ?? lanes.policy(kind).maxAttempts
  const run = attempts + 1
  return {
    code: 'retry',
    at: runAt,
    run,
    of,
    reason: `run ${run} of ${of} is due at ${moment(runAt)}, after ${failureText(error)}`,
  }
}

function behind({ job, ahead }: Standing, { lanes, pace }: Surroundings): Explanation {
  const lane = lanes.of(job.kind)!
  const perMs = pace(lane)
  const estimate = perMs > 0 ? Math.ceil((ahead + 1) / perMs) : undefined
  const about = estimate === undefined ? '' : `, and should start in about ${estimate} ms`
  const place = ahead === 0 ? 'next' : `behind ${ahead === 1 ? '1 job' : `${ahead} jobs`}`
  const reason = `it is ${place} in lane ${lane}${about}`
  return { code: 'behind', ahead, estimate, reason }
}

function heldBack({ group, failures, until, reason }: Breaker): string {
  const times = failures > 1 ? ` ${failures} times in a row` : ''
  const failed = failures > 0 ? `has failed${times}` : 'is to be left alone'
  const why = reason === '' ? '' : ` (${reason})`
  return `its group ${JSON.stringify(group)} ${failed}${why}: one job tries it at ${moment(until)}`
}

function paused({ lane, kind, group, since, by }: Pause): string {
  const kinds = group === null ? `kind ${kind}` : `group ${JSON.stringify(group)} of kind ${kind}`
  const what = lane === null ? kinds : `lane ${lane}`
  return `${what} has been paused since ${moment(since)}${by === null ? '' : ` by ${by}`}`
}

function named(ids: number[]): string {
  const shown = ids.slice(0, 5).join(', ')
  if (ids.length === 1) return `job ${shown} is`
  return ids.length > 5 ? `jobs ${shown} and ${ids.length - 5} more are` : `jobs ${shown} are`
}

function atRate(what: string, until: number): string {
  return `${what} is at its rate: the next job may start at ${moment(until)}`
}

function moment(at: number): string {
  return new Date(at).toISOString()
}
