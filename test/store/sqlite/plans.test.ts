import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { migrate } from '../../../src/store/sqlite/migrations/migrate.ts'
import {
  prepareEnqueue,
  prepareQueue,
  prepareWebhooks,
} from '../../../src/store/sqlite/statements.ts'

// I8: what a statement costs must not grow with what else is in the file. SQLite says beforehand
// how it will go about it: a scan reads all of a table or index, a temporary b-tree sorts it.

/** They read all of something that is small however many jobs there are. */
const SMALL = new Set(['backlog', 'counters', 'running', 'list', 'lastId'])

let db: Database.Database
before(() => {
  db = new Database(':memory:')
  migrate(db)
})
after(() => db.close())

/** The steps of a plan, without those over what the statement is given. */
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
  const sets = { enqueue: prepareEnqueue, queue: prepareQueue, webhooks: prepareWebhooks }
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

  test('and the check itself sees a scan and a sort', () => {
    assert.match(plan('SELECT * FROM helve_jobs WHERE folds = ?').join(), /SCAN/)
    assert.match(plan('SELECT * FROM helve_jobs ORDER BY folds').join(), /TEMP B-TREE/)
  })
})

test('I8: recovery reads what was running, and not the whole queue', () => {
  const { running } = prepareQueue(db)
  assert.deepEqual(plan(running.source), ['SCAN helve_jobs USING INDEX helve_jobs_running'])
})

test('I8: the claim reads its queue in order through the one index', () => {
  const { due } = prepareQueue(db)
  assert.deepEqual(plan(due.source), [
    'SEARCH helve_jobs USING INDEX helve_jobs_queued (kind=? AND priority=? AND run_at<?)',
  ])
})
