import { DEFAULT_BREAKER, type Breaker, type BreakerOptions, type Trip } from '../job/breaker.ts'
import { failureText } from '../job/failure.ts'
import type { JobError } from '../job/job.ts'

/** Share of a pause by which the pause is moved at random: groups are not all tried at once. */
const JITTER = 0.1

/** The failures of a group. A group without an entry is fine. */
export interface Trouble {
  /** Failed runs in a row. */
  inARow: number
  /** Since when {@link runs} and {@link failed} count. */
  window: number
  runs: number
  failed: number
  breaker: Breaker | undefined
}

/** A run of a group that has ended. */
export interface GroupRun {
  kind: string
  group: string
  /** The failure; undefined for a run that says nothing against the group. */
  error: JobError | undefined
  /** Whether the run shows that the group is fine. */
  isWell: boolean
  /** The trip that the handler asked for. */
  trip: Trip | undefined
  /** The moment at which the job was claimed, or the run entered the endpoint. */
  began: number
}

/** What the step depends on besides the run. */
export interface Around {
  /**
   * The options of the kind; undefined for a kind whose breakers only handlers open.
   * @default {@link DEFAULT_BREAKER}
   */
  options: Required<BreakerOptions> | undefined
  /** Jobs of the group that may run at a time while its breaker is closed. */
  most: number
  now: number
  /** Gives a number in [0, 1): jitter. */
  random: () => number
}

/** The failures of a group after one more run; undefined once the group is fine. */
export function afterRun(
  trouble: Trouble | undefined,
  run: GroupRun,
  around: Around,
): Trouble | undefined {
  const { options = DEFAULT_BREAKER, now } = around
  const breaker = trouble?.breaker
  if (run.trip !== undefined && run.trip.delay > 0) {
    return tripped(counted(trouble, run, now, options), run, around)
  }
  // A run that began before the breaker opened tells nothing new.
  if (breaker !== undefined && run.began <= breaker.opened) return trouble
  if (run.error === undefined) return completed(trouble, run, around)
  if (breaker === undefined && around.options === undefined) return trouble
  const next = counted(trouble, run, now, options)
  return breaker !== undefined || isTooMuch(next, options) ? opened(next, run, around) : next
}

function completed(
  trouble: Trouble | undefined,
  run: GroupRun,
  { options = DEFAULT_BREAKER, most, now }: Around,
): Trouble | undefined {
  if (trouble === undefined) return undefined
  const { breaker } = trouble
  if (breaker !== undefined) {
    const room = breaker.room * 2
    if (room > most) return undefined
    return { ...trouble, inARow: 0, breaker: { ...breaker, room, failures: 0 } }
  }
  const next = counted(trouble, run, now, options)
  return next.failed === 0 ? undefined : next
}

/** Counts the run with the other runs of its window. */
function counted(
  trouble: Trouble | undefined,
  { error, isWell }: GroupRun,
  now: number,
  { window }: Required<BreakerOptions>,
): Trouble {
  const isNew = trouble === undefined || now - trouble.window > window
  const { window: since, runs, failed } = isNew ? { window: now, runs: 0, failed: 0 } : trouble
  const failures = error === undefined ? 0 : 1
  const counts = failures + Number(isWell)
  return {
    inARow: isWell ? 0 : (trouble?.inARow ?? 0) + failures,
    window: since,
    runs: runs + counts,
    failed: failed + failures,
    breaker: trouble?.breaker,
  }
}

function isTooMuch({ inARow, runs, failed }: Trouble, options: Required<BreakerOptions>): boolean {
  return inARow >= options.failures || (runs >= options.runs && failed >= runs * options.ratio)
}

function opened(trouble: Trouble, run: GroupRun, around: Around): Trouble {
  const { options = DEFAULT_BREAKER, random } = around
  const trips = (trouble.breaker?.trips ?? 0) + 1
  const pause = Math.min(options.pause * 2 ** (trips - 1), options.maxPause)
  const delay = Math.round(pause * (1 + JITTER * (2 * random() - 1)))
  const reason = run.error === undefined ? '' : failureText(run.error)
  return withBreaker(trouble, run, around.now, { delay, reason, trips })
}

/** The handler sets the pause. A breaker that is already open for longer stays as it is. */
function tripped(trouble: Trouble, run: GroupRun, { now }: Around): Trouble {
  const { delay, reason } = run.trip!
  const { breaker } = trouble
  if (breaker !== undefined && breaker.until >= now + delay) return trouble
  return withBreaker(trouble, run, now, { delay, reason, trips: breaker?.trips ?? 0 })
}

function withBreaker(
  trouble: Trouble,
  { kind, group }: GroupRun,
  now: number,
  { delay, reason, trips }: { delay: number; reason: string; trips: number },
): Trouble {
  const { breaker: before, inARow } = trouble
  const since = before?.since ?? now
  const moments = { since, opened: now, until: Math.ceil(now + delay) }
  const breaker = { kind, group, ...moments, room: 1, failures: inARow, trips, reason }
  return { ...trouble, breaker }
}
