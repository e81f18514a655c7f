import type { Database, Statement } from 'better-sqlite3'

// Every statement of the SQLite store, prepared once for each connection.

type Row = unknown[]

/** Statements by name: those that are run or give one value, and those that give rows. */
type Prepared<Plain extends string, Rows extends string = never> = Record<Plain, Statement> &
  Record<Rows, Statement<unknown[], Row>>

function preparer(db: Pick<Database, 'prepare'>) {
  return {
    run: (sql: string): Statement => db.prepare(sql),
    rows: (sql: string): Statement<unknown[], Row> => db.prepare<unknown[], Row>(sql).raw(),
    value: (sql: string): Statement => db.prepare(sql).pluck(),
  }
}

/** The part that a producer needs; it also runs on a host's own connection. */
export type EnqueueStatements = Prepared<
  'insert' | 'insertMany' | 'count' | 'joinGroup',
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

export function prepareEnqueue(db: Pick<Database, 'prepare'>): EnqueueStatements {
  const { run, rows } = preparer(db)
  return {
    insert: run(`
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, payload, overrides, grp)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),

    insertMany: run(`
      ${manyRows('kind, priority, run_at, max_attempts, created_at', 'payload')}
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, payload)
      SELECT * FROM same CROSS JOIN own`),

    // A retry keeps its backoff: a fold brings forward only a job that has not run yet.
    fold: rows(`
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, payload, overrides,
        grp, dedupe_key)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL AND state <> 'dead' DO UPDATE SET
        payload = excluded.payload,
        folds = folds + 1,
        rerun = state = 'running',
        run_at = iif(state = 'queued' AND attempts = 0, min(run_at, excluded.run_at), run_at)
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

    count: run(`
      INSERT INTO helve_counters (state, kind, priority, jobs) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs`),
  }
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
  | 'claim'
  | 'requeue'
  | 'bury'
  | 'rerun'
  | 'head'
  | 'groupedHead'
  | 'groupHead'
  | 'nextReady'
  | 'groupRunning'
  | 'ahead'
  | 'groupsAhead'
  | 'fileInGroup'
  | 'serveGroup'
  | 'leaveGroup'
  | 'freeGroup'
  | 'freeKind'
  | 'freeAll'
  | 'spent'
  | 'spend'
  | 'shiftSpent'
  | 'forgetSpent'
  | 'pause'
  | 'resume'
  | 'cancelRunning'
  | 'owner'
  | 'setOwner'
  | 'keyOf',
  | 'backlog'
  | 'due'
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
  | 'counters'
  | 'retry'
  | 'discard'
  | 'pruneDead'
>

export function prepareQueue(db: Database): QueueStatements {
  const { run, rows, value } = preparer(db)
  // The newest ten errors are kept with a job.
  const appended = `iif(@error IS NULL, errors, json_insert(
    iif(json_array_length(errors) >= 10, json_remove(errors, '$[0]'), errors), '$[#]', json(@error)))`
  const owned = `id = @id AND token = @token AND state = 'running'`
  const unclaimed = 'token = NULL, started_at = NULL, rerun = 0'
  const claimable = `id, kind, payload, dedupe_key, priority, attempts, max_attempts, crashes,
    created_at, overrides, grp, run_at`
  const record = `id, kind, payload, dedupe_key, state, priority, attempts, max_attempts, crashes,
    folds, run_at, created_at, started_at, died_at, errors, grp`

  return {
    dataVersion: value('PRAGMA data_version'),
    quickCheck: value('PRAGMA quick_check(1)'),

    lastId: value(`SELECT seq FROM sqlite_sequence WHERE name = 'helve_jobs'`),
    // Queued and claimed in one: the token is the claim's number and the id.
    start: run(`
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, started_at, token, id,
        payload, overrides, state, attempts)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', 1)`),
    startMany: run(`
      ${manyRows('kind, priority, run_at, max_attempts, created_at, claim', 'id, payload')}
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, started_at, token, id,
        payload, state, attempts)
      SELECT kind, priority, run_at, max_attempts, created_at, created_at, claim + id, id,
        payload, 'running', 1
      FROM same CROSS JOIN own`),

    // Ids as a JSON array: one statement for all that a turn completes of one claim.
    complete: value(`
      DELETE FROM helve_jobs
      WHERE id IN (SELECT value FROM json_each(?)) AND token = ? + id AND state = 'running' AND rerun = 0
      RETURNING id`),
    requeue: run(`
      UPDATE helve_jobs SET state = 'queued', run_at = @runAt, ${unclaimed}, errors = ${appended},
        attempts = attempts - @refund, crashes = crashes + @crash
      WHERE ${owned}`),
    bury: run(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, ${unclaimed}, errors = ${appended},
        attempts = attempts - @refund, crashes = crashes + @crash
      WHERE ${owned} AND rerun = 0`),
    // A submission came while it ran, and is owed a run whatever became of this one.
    rerun: run(`
      UPDATE helve_jobs SET state = 'queued', run_at = @now, ${unclaimed}, errors = ${appended},
        attempts = 0, crashes = min(crashes + @crash, @crashes), created_at = @now
      WHERE ${owned}`),

    backlog: rows(`
      SELECT kind, priority FROM helve_counters WHERE state = 'queued' AND jobs > 0`),
    due: rows(`
      SELECT ${claimable} FROM helve_jobs
      WHERE state = 'queued' AND grp IS NULL AND kind = ? AND priority = ? AND run_at <= ?
      ORDER BY run_at, id LIMIT ?`),
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
      ORDER BY ready_at, served LIMIT ?`),
    nextReady: value(`
      SELECT ready_at FROM helve_groups WHERE kind = ? AND priority = ? AND ready_at > ?
      ORDER BY ready_at LIMIT 1`),
    groupDue: rows(`
      SELECT ${claimable} FROM helve_jobs
      WHERE state = 'queued' AND kind = ? AND grp = ? AND priority = ?
      ORDER BY run_at, id LIMIT 1`),
    groupHead: value(`
      SELECT run_at FROM helve_jobs WHERE state = 'queued' AND kind = ? AND grp = ? AND priority = ?
      ORDER BY run_at LIMIT 1`),
    groupRunning: value(`
      SELECT count(*) FROM helve_jobs WHERE state = 'running' AND kind = ? AND grp = ?`),
    groupMembers: rows(`
      SELECT id FROM helve_jobs WHERE state = 'running' AND kind = ? AND grp = ? LIMIT ?`),
    ahead: value(`
      SELECT count(*) FROM (
        SELECT 1 FROM helve_jobs
        WHERE state = 'queued' AND grp IS NULL AND kind = ? AND priority = ? AND (run_at, id) < (?, ?)
        LIMIT ?)`),
    groupsAhead: value(`
      SELECT count(*) FROM (
        SELECT 1 FROM helve_groups WHERE kind = ? AND priority = ? AND ready_at < ? LIMIT ?)`),
    fileInGroup: run(`UPDATE helve_jobs SET grp = ? WHERE id = ? AND state = 'queued'`),
    serveGroup: run(`
      UPDATE helve_groups SET ready_at = ?, served = ? WHERE kind = ? AND grp = ? AND priority = ?`),
    leaveGroup: run('DELETE FROM helve_groups WHERE kind = ? AND grp = ? AND priority = ?'),
    freeGroup: run(`
      UPDATE helve_groups SET ready_at = ? WHERE kind = ? AND grp = ? AND ready_at IS NULL`),
    // Also those that a rate has put off.
    freeKind: run(`
      UPDATE helve_groups SET ready_at = @now
      WHERE kind = @kind AND (ready_at IS NULL OR ready_at > @now)`),
    freeAll: run(`
      UPDATE helve_groups SET ready_at = @now WHERE ready_at IS NULL OR ready_at > @now`),

    spent: value('SELECT spent FROM helve_rates WHERE kind = ? AND grp = ?'),
    spend: run('INSERT OR REPLACE INTO helve_rates (kind, grp, spent) VALUES (?, ?, ?)'),
    shiftSpent: run('UPDATE helve_rates SET spent = spent - ?'),
    // Two for each one that is new: so there are never many more than are in use.
    forgetSpent: run(`
      DELETE FROM helve_rates WHERE (kind, grp) IN (
        SELECT kind, grp FROM helve_rates WHERE spent <= ? ORDER BY spent LIMIT 2)`),

    pauses: rows('SELECT lane, kind, grp, since, by FROM helve_pauses'),
    pause: run(`
      INSERT INTO helve_pauses (lane, kind, grp, since, by) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`),
    resume: run('DELETE FROM helve_pauses WHERE lane = ? AND kind = ? AND grp = ?'),

    cancelQueued: rows(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, errors = ${appended}
      WHERE id = @id AND state = 'queued' RETURNING ${claimable}`),
    // What was folded in so far is cancelled with it; what comes from now on is not.
    cancelRunning: run(
      `UPDATE helve_jobs SET rerun = 0 WHERE id = ? AND token = ? AND state = 'running'`,
    ),

    claim: run(`
      UPDATE helve_jobs SET state = 'running', attempts = attempts + 1, rerun = 0, token = ? + id, started_at = ?
      WHERE id IN (SELECT value FROM json_each(?)) AND state = 'queued'`),

    // By turns, which is what is in a token beside the id: clocks are set back. The planner would rather scan the table than sort what the partial
    // index has.
    running: rows(`
      SELECT ${claimable}, token
      FROM helve_jobs INDEXED BY helve_jobs_running WHERE state = 'running'
      ORDER BY token - id, priority, id`),
    owner: value(`SELECT value FROM helve_meta WHERE key = 'owner'`),
    setOwner: run(`INSERT OR REPLACE INTO helve_meta (key, value) VALUES ('owner', ?)`),

    get: rows(`SELECT ${record} FROM helve_jobs WHERE id = ?`),
    listQueued: rows(`
      SELECT ${record} FROM helve_jobs
      WHERE state = 'queued' AND grp IS NULL AND kind = ? AND (priority, run_at, id) > (?, ?, ?)
      ORDER BY priority, run_at, id LIMIT ?`),
    listGrouped: rows(`
      SELECT ${record} FROM helve_jobs INDEXED BY helve_jobs_grouped_list
      WHERE state = 'queued' AND grp IS NOT NULL AND kind = ? AND (priority, run_at, id) > (?, ?, ?)
      ORDER BY priority, run_at, id LIMIT ?`),
    listRunning: rows(`
      SELECT ${record} FROM helve_jobs WHERE state = 'running' AND kind = ? AND id > ? ORDER BY id LIMIT ?`),
    listDead: rows(`
      SELECT ${record} FROM helve_jobs WHERE state = 'dead' AND kind = ? AND id > ? ORDER BY id LIMIT ?`),
    counters: rows(`
      SELECT state, kind, sum(jobs) FROM helve_counters GROUP BY state, kind HAVING sum(jobs) > 0
      ORDER BY kind`),

    retry: rows(`
      UPDATE helve_jobs SET state = 'queued', run_at = ?, attempts = 0, crashes = 0, died_at = NULL
      WHERE id = ? AND state = 'dead' RETURNING kind, priority, grp`),
    keyOf: value('SELECT dedupe_key FROM helve_jobs WHERE id = ?'),
    discard: rows(
      `DELETE FROM helve_jobs WHERE id = ? AND state = 'dead' RETURNING kind, priority`,
    ),
    pruneDead: rows(`
      DELETE FROM helve_jobs WHERE id IN (
        SELECT id FROM helve_jobs WHERE state = 'dead' AND died_at < ? ORDER BY died_at LIMIT ?)
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
      SELECT * FROM helve_deliveries WHERE webhook_id = ? AND id < ? ORDER BY id DESC LIMIT ?`),
    prune: run(`
      DELETE FROM helve_deliveries WHERE id IN (
        SELECT id FROM helve_deliveries WHERE at < ? ORDER BY at LIMIT ?)`),
  }
}
