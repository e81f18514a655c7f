import type {
  ClaimedJob,
  JobOverrides,
  JobRecord,
  JobState,
  NewJob,
  RecordedError,
} from '../../../src/job/job.ts'
import type { QueueClock } from '../../../src/store/timeline.ts'

/** A job as the memory store keeps it. A row is never changed: another row takes its place. */
export interface Row {
  readonly id: number
  readonly kind: string
  readonly payload: string
  readonly dedupeKey: string | null
  readonly state: JobState
  readonly priority: number
  readonly runAt: number
  readonly wallAt: number | null
  readonly attempts: number
  readonly maxAttempts: number | null
  readonly crashes: number
  readonly folds: number
  /** When the run is due that a fold has asked for; null for none. */
  readonly rerunAt: number | null
  readonly isBackingOff: boolean
  readonly token: number | null
  readonly createdAt: number
  readonly since: number
  readonly startedAt: number | null
  readonly diedAt: number | null
  readonly overrides: JobOverrides | null
  readonly errors: readonly RecordedError[]
  readonly group: string | null
  readonly isFiled: boolean
}

/** The values that a row has while its job is not claimed. */
export const UNCLAIMED = { token: null, startedAt: null, rerunAt: null }

export function newRow(job: NewJob, id: number, now: number, wall: number): Row {
  const { kind, payload, dedupeKey, priority, runAt, wallAt, maxAttempts, overrides } = job
  const given = { kind, payload, dedupeKey, priority, runAt, wallAt, maxAttempts, overrides }
  const numbers = { id, attempts: 0, crashes: 0, folds: 0, createdAt: wall, since: now }
  const group = { group: job.group ?? null, isFiled: job.group !== undefined }
  const state = { state: 'queued', isBackingOff: false, diedAt: null, errors: [] } as const
  return { ...given, ...numbers, ...group, ...state, ...UNCLAIMED }
}

/** Errors that are kept with a job. */
const MOST_ERRORS = 10

/** The newest errors of a job, with one more. */
export function appended(errors: Row['errors'], error: RecordedError): Row['errors'] {
  return [...errors, error].slice(-MOST_ERRORS)
}

/** @throws TypeError for a row that no database would take */
export function checkRow(row: Row): void {
  const { priority, runAt, attempts, crashes, wallAt, diedAt, maxAttempts } = row
  const numbers = { priority, runAt, attempts, crashes, wallAt, diedAt, maxAttempts }
  for (const [field, value] of Object.entries(numbers)) {
    if (value === null || Number.isInteger(value)) continue
    throw new TypeError(`${field}: expected an integer, got ${value}`)
  }
}

export function claimedOf(row: Row, token: number, attempt: number): ClaimedJob {
  const { id, kind, payload, dedupeKey, priority, group, maxAttempts, crashes } = row
  const { createdAt, since, runAt, overrides } = row
  const named = { id, token, kind, payload, dedupeKey, priority, group }
  return { ...named, attempt, maxAttempts, crashes, createdAt, since, runAt, overrides }
}

/** A row as a job. Its times are wall times, because people see them. */
export function recordOf(row: Row, clock: QueueClock): JobRecord {
  const shown = (time: number | null) => (time === null ? null : clock.wallOf(time))
  const dueAt = (time: number) => Math.min(clock.wallOf(time), row.wallAt ?? Infinity)
  const { id, kind, dedupeKey, state, priority, attempts, maxAttempts, crashes, folds } = row
  const { createdAt, group, isBackingOff } = row
  return {
    ...{ id, kind, dedupeKey, state, priority, attempts, maxAttempts, crashes, folds },
    ...{ createdAt, group, isBackingOff },
    payload: JSON.parse(row.payload) as unknown,
    runAt: dueAt(row.runAt),
    rerunAt: row.rerunAt === null ? null : dueAt(row.rerunAt),
    startedAt: shown(row.startedAt),
    diedAt: shown(row.diedAt),
    errors: [...row.errors],
  }
}
