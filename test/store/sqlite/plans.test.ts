import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { migrate } from '../../../src/store/sqlite/migrations/migrate.ts'
import { prepareEnqueue } from '../../../src/store/sqlite/statements/enqueue.ts'
import { prepareQueue } from '../../../src/store/sqlite/statements/queue.ts'
import { prepareAttempts } from '../../../src/store/sqlite/statements/attempts.ts'
import { preparePublications } from '../../../src/store/sqlite/statements/publications.ts'
import { prepareRetention } from '../../../src/store/sqlite/statements/retention.ts'
import { prepareHealth, prepareWebhooks } from '../../../src/store/sqlite/statements/webhooks.ts'
import { aJob, claimsOn, enqueue } from '../../support/jobs.ts'
import { watchStatements } from '../../support/statements.ts'
import { openStore } from '../../support/store.ts'

// I8: the cost of a statement must not grow with the other rows in the file. SQLite tells its plan
// beforehand: a scan reads all of a table or index, a temporary b-tree sorts rows.

/**
 * Statements that read all of something that is small however many jobs there are. `freeAll` reads
 * all groups, and `freeQueues` reads all queues: once at the start, because a new owner decides
 * anew what groups and queues may start, or when a lane is resumed.
 * `breakers` and `forgetBreakers` read the breakers that are not closed, at the start.
 */
const SMALL = new Set([
  ...['backlog', 'counts', 'running', 'list', 'lastId', 'pauses', 'breakers', 'forgetBreakers'],
  ...['freeAll', 'freeQueues'],
])

let db: Database.Database
before(() => {
  db = new Database(':memory:')
  migrate(db)
})
after(() => db.close())

/** The steps of a plan, without the steps over the values that the statement is given. */
function plan(sql: string): string[] {
  const named = [...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, null])
  const positional = Array.from({ length: sql.split('?').length - 1 }, () => null)
  const explain = db.prepare(`EXPLAIN QUERY PLAN ${sql}`)
  const rows = named.length > 0 ? explain.all(Object.fromEntries(named)) : explain.all(positional)
  const steps = (rows as { detail: string }[]).map(({ detail }) => detail)
  return steps.filter(
    (detail) => !/json_each|VALUES CLAUSE|CONSTANT ROW|subquery|(same|own)$/.test(detail),
  )
}

describe('I8: no statement scans or sorts', () => {
  const sets = {
    enqueue: prepareEnqueue,
    queue: prepareQueue,
    webhooks: prepareWebhooks,
    health: prepareHealth,
    attempts: prepareAttempts,
    publications: preparePublications,
    retention: prepareRetention,
  }
  for (const [set, prepare] of Object.entries(sets)) {
    test(`of the ${set}`, () => {
      for (const [name, { source }] of Object.entries(prepare(db))) {
        if (/^\s*PRAGMA/.test(source) || SMALL.has(name)) continue
        const steps = plan(source)
        const bad = steps.filter((step) => /^SCAN|TEMP B-TREE/.test(step))
        assert.deepEqual(bad, [], `${name}: ${steps.join('; ')}`)
      }
    })
  }

  test('the check of plans itself sees a scan and a sort', () => {
    assert.match(plan('SELECT * FROM helve_jobs WHERE folds = ?').join(), /SCAN/)
    assert.match(plan('SELECT * FROM helve_jobs ORDER BY folds').join(), /TEMP B-TREE/)
  })
})

test('I8: recovery reads the running jobs, and not the whole queue', () => {
  const { running } = prepareQueue(db)
  const sorted = ['SCAN helve_jobs USING INDEX helve_jobs_running', 'USE TEMP B-TREE FOR ORDER BY']
  assert.deepEqual(plan(running.source), sorted)
})

describe('I8: a claim reads no more than it may start, however many jobs a full group has', () => {
  const jobs = 'SEARCH helve_jobs USING'
  const groups = 'SEARCH helve_groups USING'
  const queues = 'SEARCH helve_queues USING'
  const inGroup = 'INDEX helve_jobs_grouped (kind=? AND grp=? AND priority=?)'
  const plans = {
    dueQueues: `${queues} COVERING INDEX helve_queues_ready (ready_at<?)`,
    nextReady: `${queues} COVERING INDEX helve_queues_ready (ready_at>?)`,
    nextWall: 'SEARCH helve_jobs USING COVERING INDEX helve_jobs_wall (wall_at>?)',
    unfiled: `${jobs} INDEX helve_jobs_unfiled (kind=? AND run_at>?)`,
    due: `${jobs} INDEX helve_jobs_queued (kind=? AND priority=? AND run_at>? AND run_at<?)`,
    head: `${jobs} INDEX helve_jobs_queued (kind=? AND priority=?)`,
    ready: `${groups} COVERING INDEX helve_groups_ready (kind=? AND priority=? AND ready_at<?)`,
    nextGroup: `${groups} COVERING INDEX helve_groups_ready (kind=? AND priority=? AND ready_at>?)`,
    groupDue: `${jobs} ${inGroup}`,
    groupHead: `${jobs} COVERING ${inGroup}`,
    groupRunning: `${jobs} COVERING INDEX helve_jobs_group_running (kind=? AND grp=?)`,
    groupedHead: `${jobs} INDEX helve_jobs_grouped_list (kind=? AND priority=?)`,
    spent: 'SEARCH helve_rates USING PRIMARY KEY (kind=? AND grp=?)',
    serveGroup: `${groups} PRIMARY KEY (kind=? AND grp=? AND priority=?)`,
    leaveGroup: `${groups} PRIMARY KEY (kind=? AND grp=? AND priority=?)`,
    freeGroup: `${groups} PRIMARY KEY (kind=? AND grp=?)`,
  } as const
  for (const [name, step] of Object.entries(plans)) {
    test(`${name}: one search, in the order of its index`, () => {
      const { source } = prepareQueue(db)[name as keyof typeof plans]
      assert.deepEqual(plan(source), [step])
    })
  }

  test('a claim reads only the first job of a group', () => {
    const { groupDue, groupHead, head, nextGroup } = prepareQueue(db)
    for (const { source } of [groupDue, groupHead, head, nextGroup]) {
      assert.match(source, /ORDER BY (run_at|ready_at)(, id)? LIMIT 1$/)
    }
  })

  test('a claim beside 5,000 jobs runs as many statements, for as many rows, as beside ten', async (t) => {
    const claims: number[][] = []
    for (const jobs of [10, 5_000]) {
      const store = await openStore(t, { durability: 'process' })
      await enqueue(store, ...Array.from({ length: jobs }, () => aJob({ group: 'full' })))
      await claimsOn(store, { groupConcurrency: 1 })
      await enqueue(store, aJob({ group: 'other' }))
      const work = watchStatements(t)
      const { claimed } = await claimsOn(store, { groupConcurrency: 1 })
      claims.push(work())
      assert.deepEqual(
        claimed.map(({ group }) => group),
        ['other'],
      )
    }
    assert.deepEqual(claims[1], claims[0])
    assert.ok(
      claims[0]!.every((number) => number > 0 && number < 50),
      String(claims[0]),
    )
  })
})
