import type { Database, Statement } from 'better-sqlite3'
import { CLAIMABLE, CLAIMED } from './rows.ts'

// Every statement of the SQLite store, prepared once for each connection.
//
// `LIMIT +?`, and not `LIMIT ?`: SQLite's planner looks at the value of a bare parameter, and plans
// the statement anew whenever that is bound again, which takes longer than most of them run
// (`computeLimitRegisters` and `sqlite3ExprIsInteger` in SQLite 3.46 and later).

type Row = unknown[]

/** Statements by name: those that are run or give one value, and those that give rows. */
type Prepared<Plain extends string, Rows extends string = never> = Record<Plain, Statement> &
  Record<Rows, Statement<unknown[], Row>>

/** Sets each mode of a statement: a host may have given its connection any other. */
function preparer(db: Pick<Database, 'prepare'>) {
  return {
    run: (sql: string): Statement => withObjects(db.prepare(sql).safeIntegers(false)),
    rows: (sql: string): Statement<unknown[], Row> =>
      db.prepare<unknown[], Row>(sql).safeIntegers(false).raw(true),
    value: (sql: string): Statement => db.prepare(sql).safeIntegers(false).pluck(true),
  }
}

/** What gives rows gives objects: `raw` ends any other mode, and has to be ended itself. */
function withObjects(statement: Statement): Statement {
  return statement.reader ? statement.raw(true).raw(false) : statement
}

/** The part that a producer needs; it also runs on a host's own connection. */
export type EnqueueStatements = Prepared<
  'insert' | 'insertMany' | 'queue' | 'forgetQueue' | 'joinGroup',
  'fold' | 'holder'
>

/** Rows of the statements that insert many: less than half the cost of as many single ones. */
export const MANY_ROWS = 20

/** Rows that differ in a few columns: what they have in common is given once. */
function manyRows(same: string, own: string): string {
  const rows = Array.from({ length: MANY_ROWS }, () => places(own)).join(', ')
  return `WITH same (${same}) AS (VALUES ${places(same)}), own (${own}) AS (VALUES ${rows})`
}

function places(columns: string): string {
  return `(${columns.replace(/\w+/g, '?')})`
}

/** What jobs that are written together have in common. */
const COMMON = 'kind, priority, run_at, max_attempts, created_at, since, wall_at, filed'
/** The same with the number of the claim, for those that are claimed as they are written. */
const STARTED = `${COMMON}, claim`

export function prepareEnqueue(db: Pick<Database, 'prepare'>): EnqueueStatements {
  const { run, rows } = preparer(db)
  return {
    insert: run(`
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, since, wall_at, payload,
        overrides, grp, filed)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),

    insertMany: run(`
      ${manyRows(COMMON, 'payload')}
      INSERT INTO helve_jobs (${COMMON}, payload)
      SELECT * FROM same CROSS JOIN own`),

    // A running job is owed a run of its own, from the earliest of the times at which the folded
    // submissions are due; 0 is for none. A job that waits for a retry keeps that time, and gets
    // fresh attempts.
    fold: rows(`
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, since, wall_at, payload,
        overrides, grp, filed, dedupe_key)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL AND state <> 'dead' DO UPDATE SET
        payload = excluded.payload,
        folds = folds + 1,
        rerun = iif(state <> 'running', 0,
          max(1, iif(rerun = 0, excluded.run_at, min(rerun, excluded.run_at)))),
        attempts = iif(backing_off, 0, attempts),
        run_at = iif(state = 'queued' AND NOT backing_off, min(run_at, excluded.run_at), run_at),
        wall_at = iif(backing_off, wall_at, ifnull(min(wall_at, excluded.wall_at),
          ifnull(wall_at, excluded.wall_at)))
      WHERE kind = excluded.kind
      RETURNING id, state, folds, grp, priority, run_at`),

    holder: rows(
      `SELECT id, kind FROM helve_jobs WHERE dedupe_key = ? AND dedupe_key IS NOT NULL AND state <> 'dead'`,
    ),

    // A group that is full stays so: NULL is less than nothing. And one that has had its turn does
    // not come before the others again because of a job that has been due for longer.
    joinGroup: run(`
      INSERT INTO helve_groups (kind, grp, priority, ready_at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET ready_at = min(ready_at, max(excluded.ready_at, ?))`),

    // A bound of NULL stays so unless the queue has been looked at: NULL is less than nothing.
    queue: run(`
      INSERT INTO helve_queues (kind, priority, queued, running, dead, ready_at)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET queued = queued + excluded.queued,
        running = running + excluded.running, dead = dead + excluded.dead,
        ready_at = iif(?, excluded.ready_at, min(ready_at, excluded.ready_at))`),
    forgetQueue: run(`
      DELETE FROM helve_queues
      WHERE kind = ? AND priority = ? AND queued = 0 AND running = 0 AND dead = 0`),
  }
}

/** The path of the file that a connection was opened with. */
export function prepareFile(db: Pick<Database, 'prepare'>): Statement {
  return preparer(db).value(`SELECT file FROM pragma_database_list WHERE name = 'main'`)
}

/** On a host's own connection; `lock` takes the write lock, and writes nothing. */
export type HostStatements = EnqueueStatements & Prepared<'lock'>

export function prepareHost(db: Pick<Database, 'prepare'>): HostStatements {
  const { run } = preparer(db)
  return { ...prepareEnqueue(db), lock: run('DELETE FROM main.helve_meta WHERE 0') }
}

export type TransactionStatements = Prepared<
  'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollbackTo'
>

export function prepareTransactions(db: Database): TransactionStatements {
  const { run } = preparer(db)
  return {
    begin: run('BEGIN IMMEDIATE'),
    commit: run('COMMIT'),
    rollback: run('ROLLBACK'),
    savepoint: run('SAVEPOINT helve'),
    release: run('RELEASE helve'),
    rollbackTo: run('ROLLBACK TO helve'),
  }
}

export type QueueStatements = Prepared<
  | 'dataVersion'
  | 'quickCheck'
  | 'lastId'
  | 'start'
  | 'startMany'
  | 'complete'
  | 'completeKeyless'
  | 'claim'
  | 'requeue'
  | 'bury'
  | 'setAside'
  | 'postpone'
  | 'nextReady'
  | 'nextWall'
  | 'file'
  | 'freeQueues'
  | 'freeQueue'
  | 'pausesVersion'
  | 'pausesChanged'
  | 'clock'
  | 'keepClock'
  | 'head'
  | 'groupedHead'
  | 'groupHead'
  | 'nextGroup'
  | 'groupRunning'
  | 'ahead'
  | 'groupsAhead'
  | 'serveGroup'
  | 'leaveGroup'
  | 'freeKind'
  | 'freeAll'
  | 'spent'
  | 'spend'
  | 'forgetSpent'
  | 'pause'
  | 'resume'
  | 'cancelRunning'
  | 'owner'
  | 'setOwner'
  | 'keyOf',
  | 'backlog'
  | 'rerun'
  | 'dueQueues'
  | 'due'
  | 'unfiled'
  | 'promote'
  | 'freeGroup'
  | 'ready'
  | 'groupDue'
  | 'running'
  | 'get'
  | 'pauses'
  | 'groupMembers'
  | 'cancelQueued'
  | 'listQueued'
  | 'listGrouped'
  | 'listRunning'
  | 'listDead'
  | 'counts'
  | 'retry'
  | 'discard'
  | 'pruneDead'
>

export function prepareQueue(db: Database): QueueStatements {
  const { run, rows, value } = preparer(db)
  // The newest ten errors are kept with a job.
  const appended = `iif(@error IS NULL, errors, json_insert(
    iif(NOT json_valid(errors), '[]', iif(json_array_length(errors) >= 10, json_remove(errors, '$[0]'), errors)),
    '$[#]', json(@error)))`
  const owned = `id = @id AND token = @token AND state = 'running'`
  const unclaimed = 'token = NULL, started_at = NULL, rerun = 0'
  const completed = `DELETE FROM helve_jobs
    WHERE id IN (SELECT value FROM json_each(?)) AND token = ? + id AND state = 'running' AND rerun = 0`
  const putOff = 'ready_at IS NULL OR ready_at > @now'
  const record = `id, kind, payload, dedupe_key, state, priority, attempts, max_attempts, crashes,
    folds, run_at, created_at, started_at, died_at, errors, grp, wall_at, backing_off, rerun`

  return {
    dataVersion: value('PRAGMA data_version'),
    quickCheck: value('PRAGMA quick_check(1)'),

    lastId: value(`SELECT seq FROM sqlite_sequence WHERE name = 'helve_jobs'`),
    // Queued and claimed in one: the token is the claim's number and the id.
    start: run(`
      INSERT INTO helve_jobs (${COMMON}, started_at, token, id, payload, overrides, state, attempts)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', 1)`),
    startMany: run(`
      ${manyRows(STARTED, 'id, payload')}
      INSERT INTO helve_jobs (${COMMON}, started_at, token, id, payload, state, attempts)
      SELECT ${COMMON}, since, claim + id, id, payload, 'running', 1
      FROM same CROSS JOIN own`),

    // Ids as a JSON array: one statement for all that a turn completes of one claim.
    complete: value(`${completed} RETURNING id`),
    completeKeyless: run(completed),
    requeue: run(`
      UPDATE helve_jobs SET state = 'queued', run_at = @runAt, ${unclaimed}, errors = ${appended},
        attempts = attempts - @refund, crashes = crashes + @crash, backing_off = @backingOff
      WHERE ${owned} AND rerun = 0`),
    bury: run(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, ${unclaimed}, errors = ${appended},
        attempts = attempts - @refund, crashes = crashes + @crash
      WHERE ${owned} AND rerun = 0`),
    // A submission came while it ran, and is owed a run whatever became of this one.
    rerun: rows(`
      UPDATE helve_jobs SET state = 'queued', run_at = rerun, ${unclaimed}, errors = ${appended},
        attempts = 0, crashes = @crashes, created_at = @wall, since = @now
      WHERE ${owned} RETURNING run_at`),
    // Nothing of the row is read: whatever is wrong with it, it leaves the queue.
    setAside: run(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, ${unclaimed}, errors = @errors
      WHERE ${owned}`),

    // What the wall clock makes due, as of the moment at which it did.
    promote: rows(`
      UPDATE helve_jobs SET run_at = min(run_at, @now - (@wall - wall_at)), wall_at = NULL
      WHERE id IN (
        SELECT id FROM helve_jobs
        WHERE state = 'queued' AND wall_at IS NOT NULL AND wall_at <= @wall ORDER BY wall_at LIMIT +@limit)
      RETURNING kind, grp, priority, run_at`),
    nextWall: value(`
      SELECT wall_at FROM helve_jobs WHERE state = 'queued' AND wall_at IS NOT NULL
      ORDER BY wall_at LIMIT 1`),

    dueQueues: rows('SELECT kind, priority FROM helve_queues WHERE ready_at <= ?'),
    nextReady: value(`
      SELECT ready_at FROM helve_queues WHERE ready_at > ? ORDER BY ready_at LIMIT 1`),
    freeQueues: run(`UPDATE helve_queues SET ready_at = @now WHERE ${putOff}`),
    freeQueue: run(`
      UPDATE helve_queues SET ready_at = @now WHERE kind = @kind AND (${putOff})`),
    backlog: rows('SELECT kind, priority FROM helve_queues WHERE queued > 0'),
    due: rows(`
      SELECT ${CLAIMABLE} FROM helve_jobs
      WHERE state = 'queued' AND grp IS NULL AND kind = ? AND priority = ? AND run_at <= ?
        AND (run_at, id) > (?, ?) AND filed >= ?
      ORDER BY run_at, id LIMIT +?`),
    unfiled: rows(`
      SELECT id, payload FROM helve_jobs WHERE state = 'queued' AND filed = 0 AND kind = ? AND id > ?
      ORDER BY id LIMIT +?`),
    file: rows(`
      UPDATE helve_jobs SET grp = ?, filed = 1 WHERE id = ? AND state = 'queued' AND filed = 0
      RETURNING kind, grp, priority, run_at`),
    postpone: run(`UPDATE helve_jobs SET run_at = ? WHERE id = ? AND state = 'queued'`),
    head: value(`
      SELECT run_at FROM helve_jobs
      WHERE state = 'queued' AND grp IS NULL AND kind = ? AND priority = ?
      ORDER BY run_at LIMIT 1`),
    groupedHead: value(`
      SELECT run_at FROM helve_jobs INDEXED BY helve_jobs_grouped_list
      WHERE state = 'queued' AND grp IS NOT NULL AND kind = ? AND priority = ?
      ORDER BY run_at LIMIT 1`),

    // A group's place in the round: since when its first job has been due, or it had its last turn.
    ready: rows(`
      SELECT grp, ready_at, served FROM helve_groups
      WHERE kind = ? AND priority = ? AND ready_at <= ?
      ORDER BY ready_at, served LIMIT +?`),
    nextGroup: value(`
      SELECT ready_at FROM helve_groups WHERE kind = ? AND priority = ? AND ready_at > ?
      ORDER BY ready_at LIMIT 1`),
    groupDue: rows(`
      SELECT ${CLAIMABLE} FROM helve_jobs
      WHERE state = 'queued' AND kind = ? AND grp = ? AND priority = ?
      ORDER BY run_at, id LIMIT 1`),
    groupHead: value(`
      SELECT run_at FROM helve_jobs WHERE state = 'queued' AND kind = ? AND grp = ? AND priority = ?
      ORDER BY run_at LIMIT 1`),
    groupRunning: value(`
      SELECT count(*) FROM helve_jobs WHERE state = 'running' AND kind = ? AND grp = ?`),
    groupMembers: rows(`
      SELECT id FROM helve_jobs WHERE state = 'running' AND kind = ? AND grp = ? LIMIT +?`),
    ahead: value(`
      SELECT count(*) FROM (
        SELECT 1 FROM helve_jobs
        WHERE state = 'queued' AND grp IS NULL AND kind = ? AND priority = ? AND (run_at, id) < (?, ?)
        LIMIT +?)`),
    groupsAhead: value(`
      SELECT count(*) FROM (
        SELECT 1 FROM helve_groups WHERE kind = ? AND priority = ? AND ready_at < ? LIMIT +?)`),
    serveGroup: run(`
      UPDATE helve_groups SET ready_at = ?, served = ? WHERE kind = ? AND grp = ? AND priority = ?`),
    leaveGroup: run('DELETE FROM helve_groups WHERE kind = ? AND grp = ? AND priority = ?'),
    freeGroup: rows(`
      UPDATE helve_groups SET ready_at = ? WHERE kind = ? AND grp = ? AND ready_at IS NULL
      RETURNING priority`),
    // Also those that a rate has put off.
    freeKind: run(`
      UPDATE helve_groups SET ready_at = @now
      WHERE kind = @kind AND (${putOff})`),
    freeAll: run(`UPDATE helve_groups SET ready_at = @now WHERE ${putOff}`),

    spent: value('SELECT spent FROM helve_rates WHERE kind = ? AND grp = ?'),
    spend: run('INSERT OR REPLACE INTO helve_rates (kind, grp, spent) VALUES (?, ?, ?)'),
    // Two for each one that is new: so there are never many more than are in use.
    forgetSpent: run(`
      DELETE FROM helve_rates WHERE (kind, grp) IN (
        SELECT kind, grp FROM helve_rates WHERE spent <= ? ORDER BY spent LIMIT 2)`),

    pausesVersion: value(`SELECT value FROM helve_meta WHERE key = 'pauses'`),
    pausesChanged: run(`
      INSERT INTO helve_meta (key, value) VALUES ('pauses', 1)
      ON CONFLICT DO UPDATE SET value = value + 1`),
    pauses: rows('SELECT lane, kind, grp, since, by FROM helve_pauses'),
    pause: run(`
      INSERT INTO helve_pauses (lane, kind, grp, since, by) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`),
    resume: run('DELETE FROM helve_pauses WHERE lane = ? AND kind = ? AND grp = ?'),

    cancelQueued: rows(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, errors = ${appended}
      WHERE id = @id AND state = 'queued' RETURNING ${CLAIMED}`),
    // What was folded in so far is cancelled with it; what comes from now on is not.
    cancelRunning: run(
      `UPDATE helve_jobs SET rerun = 0, wall_at = NULL WHERE id = ? AND token = ? AND state = 'running'`,
    ),

    claim: run(`
      UPDATE helve_jobs SET state = 'running', attempts = attempts + 1, rerun = 0, token = ? + id, started_at = ?,
        wall_at = NULL, backing_off = 0
      WHERE id IN (SELECT value FROM json_each(?)) AND state = 'queued'`),

    // By turns: a token is the number of its turn's claim and the id. The planner would rather scan
    // the table than sort what the partial index has.
    running: rows(`
      SELECT ${CLAIMED}, token
      FROM helve_jobs INDEXED BY helve_jobs_running WHERE state = 'running'
      ORDER BY token - id, priority, id`),
    clock: value(`SELECT value FROM helve_meta WHERE key = 'clock'`),
    keepClock: run(`INSERT OR REPLACE INTO helve_meta (key, value) VALUES ('clock', ?)`),
    owner: value(`SELECT value FROM helve_meta WHERE key = 'owner'`),
    setOwner: run(`INSERT OR REPLACE INTO helve_meta (key, value) VALUES ('owner', ?)`),

    get: rows(`SELECT ${record} FROM helve_jobs WHERE id = ?`),
    listQueued: rows(`
      SELECT ${record} FROM helve_jobs
      WHERE state = 'queued' AND grp IS NULL AND kind = ? AND (priority, run_at, id) > (?, ?, ?)
      ORDER BY priority, run_at, id LIMIT +?`),
    listGrouped: rows(`
      SELECT ${record} FROM helve_jobs INDEXED BY helve_jobs_grouped_list
      WHERE state = 'queued' AND grp IS NOT NULL AND kind = ? AND (priority, run_at, id) > (?, ?, ?)
      ORDER BY priority, run_at, id LIMIT +?`),
    listRunning: rows(`
      SELECT ${record} FROM helve_jobs WHERE state = 'running' AND kind = ? AND id > ? ORDER BY id LIMIT +?`),
    listDead: rows(`
      SELECT ${record} FROM helve_jobs WHERE state = 'dead' AND kind = ? AND id > ? ORDER BY id LIMIT +?`),
    counts: rows(`
      SELECT kind, sum(queued), sum(running), sum(dead) FROM helve_queues GROUP BY kind
      HAVING sum(queued + running + dead) > 0 ORDER BY kind`),

    retry: rows(`
      UPDATE helve_jobs SET state = 'queued', run_at = ?, since = ?, attempts = 0, crashes = 0, died_at = NULL,
        wall_at = NULL, backing_off = 0
      WHERE id = ? AND state = 'dead' RETURNING kind, priority, grp`),
    keyOf: value('SELECT dedupe_key FROM helve_jobs WHERE id = ?'),
    discard: rows(
      `DELETE FROM helve_jobs WHERE id = ? AND state = 'dead' RETURNING kind, priority`,
    ),
    pruneDead: rows(`
      DELETE FROM helve_jobs WHERE id IN (
        SELECT id FROM helve_jobs WHERE state = 'dead' AND died_at < ? ORDER BY died_at LIMIT +?)
      RETURNING kind, priority`),
  }
}

export type WebhookStatements = Prepared<
  'create' | 'update' | 'delete' | 'get' | 'list' | 'respond' | 'record' | 'deliveries' | 'prune'
>

export function prepareWebhooks(db: Database): WebhookStatements {
  const { run } = preparer(db)
  return {
    create: run(`
      INSERT INTO helve_webhooks (url, secret, content_type, events, active, insecure_tls, target, created_at)
      VALUES (@url, @secret, @contentType, @events, @active, @insecureTls, @target, @createdAt)`),
    update: run(`
      UPDATE helve_webhooks SET url = @url, secret = @secret, content_type = @contentType,
        events = @events, active = @active, insecure_tls = @insecureTls, target = @target
      WHERE id = @id`),
    delete: run('DELETE FROM helve_webhooks WHERE id = ?'),
    get: run('SELECT * FROM helve_webhooks WHERE id = ?'),
    list: run('SELECT * FROM helve_webhooks ORDER BY id'),
    respond: run('UPDATE helve_webhooks SET last_response = ? WHERE id = ?'),
    record: run(`
      INSERT INTO helve_deliveries (webhook_id, guid, event, action, attempt, at, duration_ms, url,
        request_headers, request_body, status, response_headers, response_body, truncated, error)
      VALUES (@webhookId, @guid, @event, @action, @attempt, @at, @durationMs, @url,
        @requestHeaders, @requestBody, @status, @responseHeaders, @responseBody, @truncated, @error)`),
    deliveries: run(`
      SELECT * FROM helve_deliveries WHERE webhook_id = ? AND id < ? ORDER BY id DESC LIMIT +?`),
    prune: run(`
      DELETE FROM helve_deliveries WHERE id IN (
        SELECT id FROM helve_deliveries WHERE at < ? ORDER BY at LIMIT +?)`),
  }
}
