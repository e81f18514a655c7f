import { HelveError } from '../../job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../../job/job.ts'
import { keyOfAnotherKind } from '../rules/refusals.ts'
import { joinQueue } from './groups.ts'
import type { QueueChanges } from './queue-changes.ts'
import { startedNow } from './rows.ts'
import { MANY_ROWS, type EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'

/** Decides which jobs are claimed while they are written, and collects these jobs. */
export interface Starts {
  /** Whether the job may start at once. If so, the job's room is taken. */
  admits(job: NewJob): boolean
  add(job: ClaimedJob): void
}

/** The statements and times with which the jobs of one transaction are written. */
export interface Writing {
  statements: EnqueueStatements
  changes: QueueChanges
  now: number
  /** What the wall clock shows at `now`. */
  wall: number
}

type Result = EnqueueResult | HelveError

/** Writes jobs one by one. An error stands for a refused job; the other jobs are written. */
export function tryEnqueueAll(writing: Writing, jobs: readonly NewJob[]): Result[] {
  return jobs.map((job) => tryEnqueue(writing, job))
}

/** Writes jobs without a dedupe key, many with one statement, and claims jobs that may start. */
export function writeAll(
  writing: Writing & { statements: QueueStatements },
  jobs: readonly NewJob[],
  starts: Starts,
  claim: number,
): EnqueueResult[] {
  const results: EnqueueResult[] = []
  for (const { alike, started } of chunks(jobs, starts)) {
    if (started) results.push(...startAll(writing, alike, starts, claim))
    else if (alike.length === MANY_ROWS) results.push(...insertMany(writing, alike))
    else for (const job of alike) results.push(enqueue(writing, job))
  }
  return results
}

/** Consecutive jobs that can be written together. */
function* chunks(jobs: readonly NewJob[], starts: Starts) {
  let alike: NewJob[] = []
  let started = false
  for (const job of jobs) {
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
  const same = a.kind === b.kind && a.priority === b.priority && a.group === b.group
  const due = a.runAt === b.runAt && a.wallAt === b.wallAt
  const plain = !a.overrides && !b.overrides && (a.group ?? null) === null
  return same && due && plain && a.maxAttempts === b.maxAttempts
}

/** Writes jobs that are claimed already. */
function startAll(
  { statements, changes, now, wall }: Writing & { statements: QueueStatements },
  jobs: readonly NewJob[],
  starts: Starts,
  claim: number,
): EnqueueResult[] {
  const first = ((statements.lastId.get() as number | undefined) ?? 0) + 1
  const many = jobs.length === MANY_ROWS
  const values = many ? [...common(jobs[0]!, now, wall), claim] : []
  for (const [i, job] of jobs.entries()) {
    const id = first + i
    if (many) values.push(id, job.payload)
    else {
      const own = [now, claim + id, id, job.payload, overridesJson(job)]
      statements.start.run([...common(job, now, wall), ...own])
    }
    starts.add(startedNow(job, id, claim + id, now, wall))
  }
  if (many) statements.startMany.run(values)
  changes.add('running', jobs[0]!.kind, jobs[0]!.priority, jobs.length)
  return jobs.map((_, i) => ({ id: first + i, deduped: false, state: 'running' }))
}

function insertMany(
  { statements, changes, now, wall }: Writing,
  jobs: readonly NewJob[],
): EnqueueResult[] {
  const payloads = jobs.map(({ payload }) => payload)
  const values = [...common(jobs[0]!, now, wall), ...payloads]
  const { lastInsertRowid } = statements.insertMany.run(values)
  const first = Number(lastInsertRowid) - jobs.length + 1
  changes.add('queued', jobs[0]!.kind, jobs[0]!.priority, jobs.length)
  changes.join(jobs[0]!, jobs[0]!.runAt)
  return jobs.map((_, i) => ({ id: first + i, deduped: false, state: 'queued' }))
}

function tryEnqueue(writing: Writing, job: NewJob): Result {
  try {
    return enqueue(writing, job)
  } catch (error) {
    // A refused job leaves the transaction as it was; any other error undoes the whole transaction.
    if (error instanceof HelveError) return error
    throw error
  }
}

/** Writes one job, or folds it into the job that holds its dedupe key. */
export function enqueue({ statements, changes, now, wall }: Writing, job: NewJob): EnqueueResult {
  const { kind, priority, dedupeKey, group = null } = job
  if (dedupeKey === null) {
    const { lastInsertRowid } = statements.insert.run(columns(job, now, wall))
    changes.add('queued', kind, priority, 1)
    joinQueue(statements, changes, { kind, priority, group }, job.runAt, now)
    return { id: Number(lastInsertRowid), deduped: false, state: 'queued' }
  }
  const row = statements.fold.get(columns(job, now, wall), dedupeKey)
  if (row === undefined) throw foreignKey(statements, dedupeKey, kind)
  const [id, state, folds, of, own, runAt] = row as FoldRow
  if (folds === 0) changes.add('queued', kind, priority, 1)
  if (state === 'queued') {
    joinQueue(statements, changes, { kind, group: of, priority: own }, runAt, now)
  }
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

/** The column values that jobs have in common if they are written together. */
function common(job: NewJob, now: number, wall: number): unknown[] {
  const { kind, priority, runAt, maxAttempts, wallAt, group } = job
  return [kind, priority, runAt, maxAttempts, wall, now, wallAt, Number(group !== undefined)]
}

function columns(job: NewJob, now: number, wall: number): unknown[] {
  const { kind, priority, runAt, maxAttempts, wallAt, payload, group } = job
  const times = [kind, priority, runAt, maxAttempts, wall, now, wallAt]
  return [...times, payload, overridesJson(job), group ?? null, Number(group !== undefined)]
}

function overridesJson({ overrides }: NewJob): string | null {
  return overrides === null ? null : JSON.stringify(overrides)
}

function foreignKey(statements: EnqueueStatements, key: string, kind: string): HelveError {
  const [id, holder] = statements.holder.get(key) as [number, string]
  return keyOfAnotherKind(key, kind, { id, kind: holder })
}
