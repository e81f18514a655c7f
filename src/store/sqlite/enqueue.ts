import { HelveError } from '../../job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../../job/job.ts'
import type { Counters } from './counters.ts'
import { joinGroup } from './groups.ts'
import { startedNow } from './rows.ts'
import { MANY_ROWS, type EnqueueStatements, type QueueStatements } from './statements.ts'

/** Where jobs that need not wait are claimed while they are written. */
export interface Starts {
  /** Whether the job may start at once; its room is then taken. */
  admits(job: NewJob): boolean
  /** The token of a job is this and its id. */
  readonly number: number
  add(job: ClaimedJob): void
}

type Result = EnqueueResult | HelveError

/**
 * Writes the jobs of a turn. An error stands for one that is refused: the others are written, and
 * the transaction is as good as before.
 *
 * @param claim claims what is due, once those are written that may fold into what is queued
 * @returns what became of each, in their order
 */
export function enqueueAll(
  statements: EnqueueStatements & QueueStatements,
  counters: Counters,
  jobs: readonly NewJob[],
  now: number,
  claim: () => Starts,
): Result[] {
  const results = jobs.map((job) =>
    job.dedupeKey === null ? undefined : tryEnqueue(statements, counters, job, now),
  )
  const starts = claim()
  const others: Result[] = []
  for (const { alike, started } of chunks(jobs, starts)) {
    if (started) others.push(...startAll(statements, counters, alike, now, starts))
    else if (alike.length === MANY_ROWS) {
      others.push(...insertMany(statements, counters, alike, now))
    } else for (const job of alike) others.push(enqueue(statements, counters, job, now))
  }
  let next = 0
  return results.map((result) => result ?? others[next++]!)
}

/** Consecutive jobs without a key that can be written together. */
function* chunks(jobs: readonly NewJob[], starts: Starts) {
  let alike: NewJob[] = []
  let started = false
  for (const job of jobs) {
    if (job.dedupeKey !== null) continue
    const starting = starts.admits(job)
    const fits = alike.length < MANY_ROWS && starting === started
    if (alike.length > 0 && !(fits && areAlike(alike[0]!, job))) {
      yield { alike, started }
      alike = []
    }
    started = starting
    alike.push(job)
  }
  if (alike.length > 0) yield { alike, started }
}

/** Whether two jobs differ in nothing but their payload. */
function areAlike(a: NewJob, b: NewJob): boolean {
  const same = a.kind === b.kind && a.priority === b.priority && a.runAt === b.runAt
  const plain = !a.overrides && !b.overrides && a.group === null && b.group === null
  return same && plain && a.maxAttempts === b.maxAttempts
}

/** Writes jobs that are claimed already. */
function startAll(
  statements: QueueStatements,
  counters: Counters,
  jobs: readonly NewJob[],
  now: number,
  starts: Starts,
): EnqueueResult[] {
  const first = ((statements.lastId.get() as number | undefined) ?? 0) + 1
  const { number } = starts
  const many = jobs.length === MANY_ROWS
  const values = many ? [...common(jobs[0]!, now), number] : []
  for (const [i, job] of jobs.entries()) {
    const id = first + i
    if (many) values.push(id, job.payload)
    else {
      const own = [now, number + id, id, job.payload, overridesJson(job)]
      statements.start.run([...common(job, now), ...own])
    }
    starts.add(startedNow(job, id, number + id, now))
  }
  if (many) statements.startMany.run(values)
  counters.add('running', jobs[0]!.kind, jobs[0]!.priority, jobs.length)
  return jobs.map((_, i) => ({ id: first + i, deduped: false, state: 'running' }))
}

function insertMany(
  statements: EnqueueStatements,
  counters: Counters,
  jobs: readonly NewJob[],
  now: number,
): EnqueueResult[] {
  const payloads = jobs.map(({ payload }) => payload)
  const { lastInsertRowid } = statements.insertMany.run([...common(jobs[0]!, now), ...payloads])
  const first = Number(lastInsertRowid) - jobs.length + 1
  counters.add('queued', jobs[0]!.kind, jobs[0]!.priority, jobs.length)
  return jobs.map((_, i) => ({ id: first + i, deduped: false, state: 'queued' }))
}

function tryEnqueue(
  statements: EnqueueStatements,
  counters: Counters,
  job: NewJob,
  now: number,
): EnqueueResult | HelveError {
  try {
    return enqueue(statements, counters, job, now)
  } catch (error) {
    // A refused row leaves the transaction as it was; any other failure takes all of it along.
    if (error instanceof HelveError) return error
    throw error
  }
}

/** Writes one job, or folds it into the job that holds its dedupe key. */
export function enqueue(
  statements: EnqueueStatements,
  counters: Counters,
  job: NewJob,
  now: number,
): EnqueueResult {
  const { kind, priority, dedupeKey } = job
  if (dedupeKey === null) {
    const { lastInsertRowid } = statements.insert.run(columns(job, now))
    counters.add('queued', kind, priority, 1)
    joinGroup(statements, job, job.runAt, now)
    return { id: Number(lastInsertRowid), deduped: false, state: 'queued' }
  }
  const row = statements.fold.get(columns(job, now), dedupeKey)
  if (row === undefined) throw foreignKey(statements, dedupeKey, kind)
  const [id, state, folds, group, own, runAt] = row as FoldRow
  if (folds === 0) counters.add('queued', kind, priority, 1)
  if (state === 'queued') joinGroup(statements, { kind, group, priority: own }, runAt, now)
  return { id, deduped: folds > 0, state }
}

type FoldRow = [
  id: number,
  state: 'queued' | 'running',
  folds: number,
  group: string | null,
  priority: number,
  runAt: number,
]

function common({ kind, priority, runAt, maxAttempts }: NewJob, now: number): unknown[] {
  return [kind, priority, runAt, maxAttempts, now]
}

function columns(job: NewJob, now: number): unknown[] {
  return [...common(job, now), job.payload, overridesJson(job), job.group]
}

function overridesJson({ overrides }: NewJob): string | null {
  return overrides === null ? null : JSON.stringify(overrides)
}

/** A payload of one kind must not end up in a job of another. */
function foreignKey(statements: EnqueueStatements, key: string, kind: string): HelveError {
  const [id, holder] = statements.holder.get(key) as [number, string]
  return new HelveError(
    'HELVE_ERR_DEDUPE_KEY',
    `dedupeKey: expected a key that no other kind uses: ${JSON.stringify(key)} is held by job ` +
      `${id} of kind ${holder}, and the submission is of kind ${kind}`,
  )
}
