import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import {
  aDelivery,
  completes,
  claimOne,
  enqueue,
  aJob,
  NOW,
  requeues,
  settle,
} from '../support/jobs.ts'
import { sourceFiles } from '../support/sources.ts'
import { openStore } from '../support/store.ts'
import { builtSql } from './sql.ts'
import { pause } from '../support/commands.ts'

/** Why a statement may be built from parts. */
const PARTS = 'the parts of its own statements, all of them constants'

/** The expressions that a file may put into SQL, and why nothing from outside comes in by them. */
const ALLOWED: Record<string, { why: string; expressions: string[] }> = {
  'src/store/sqlite/statements/preparer.ts': {
    why: PARTS,
    expressions: ['sql'],
  },
  'src/store/sqlite/statements/attempts.ts': {
    why: PARTS,
    expressions: ['PAGE', 'CONDITIONS'],
  },
  'src/store/sqlite/statements/claims.ts': {
    why: PARTS,
    expressions: ['CLAIMABLE'],
  },
  'src/store/sqlite/statements/commands.ts': {
    why: PARTS,
    expressions: ['APPENDED', 'BYTES', 'CLAIMED', 'putOff'],
  },
  'src/store/sqlite/statements/enqueue.ts': {
    why: PARTS,
    expressions: [
      ...['same', 'own', 'places(same)', 'rows', "columns.replace(/\\w+/g, '?')"],
      ...['COMMON', "manyRows(COMMON, 'payload')", "manyRows(STARTED, 'id, payload')"],
    ],
  },
  'src/store/sqlite/statements/inspection.ts': {
    why: PARTS,
    expressions: ['RECORD'],
  },
  'src/store/sqlite/statements/ownership.ts': {
    why: PARTS,
    expressions: ['CLAIMED'],
  },
  'src/store/sqlite/statements/settles.ts': {
    why: PARTS,
    expressions: ['APPENDED', 'owned', 'unclaimed', 'completed'],
  },
  'src/store/sqlite/connection.ts': {
    why: 'numbers, which are constants: a pragma takes no parameters',
    expressions: ['BUSY_TIMEOUT'],
  },
  'src/store/sqlite/checkpoints.ts': {
    why: 'numbers, which are constants: a pragma takes no parameters',
    expressions: ['AUTOMATIC', 'LIMIT'],
  },
  'src/store/sqlite/lock-wait.ts': {
    why: 'one of two numbers, which are constants: a pragma takes no parameters',
    expressions: ['waits ? BUSY_TIMEOUT : 0'],
  },
  'src/store/sqlite/transactions.ts': {
    why: 'one of two words: a pragma takes no parameters',
    expressions: ['mode'],
  },
  'src/store/sqlite/migrations/migrate.ts': {
    why: 'the constants of the migrations beside it',
    expressions: ['migration'],
  },
}

describe('SQL is never built from values that come from outside', () => {
  for (const file of sourceFiles('src', 'workers')) {
    const built = builtSql(readFileSync(file, 'utf8'))
    const allowed = ALLOWED[file]?.expressions ?? []
    if (built.length === 0 && allowed.length === 0) continue
    test(file, () => {
      const found = built.filter(({ expression }) => !allowed.includes(expression))
      assert.deepEqual(found, [])
      const unused = allowed.filter((one) => !built.some(({ expression }) => expression === one))
      assert.deepEqual(unused, [], 'allowed, and not there any more')
    })
  }

  test('each file that is allowed expressions is there', () => {
    const files = sourceFiles('src', 'workers')
    assert.deepEqual(
      Object.keys(ALLOWED).filter((file) => !files.includes(file)),
      [],
    )
  })
})

/** Sources, each with the expressions that the search has to find in it. */
const SNIPPETS: [source: string, ...found: string[]][] = [
  ["db.prepare('SELECT 1 WHERE id = ?')"],
  ["db.prepare('SELECT 1').pluck().get(`${id}`)"],
  ['db.exec(`\n  SELECT 1\n`)'],
  ['db.prepare<unknown[], Row>("SELECT 1")'],
  ['db.prepare(`SELECT * FROM t WHERE id = ${id}`)', 'id'],
  [
    'db.prepare(`SELECT * FROM ${table}\n WHERE ${terms.join(" AND ")}`)',
    'table',
    'terms.join(" AND ")',
  ],
  ["db.exec('DELETE FROM t WHERE id = ' + id)", "'DELETE FROM t WHERE id = ' + id"],
  ['this.#db.pragma(`busy_timeout = ${ms}`)', 'ms'],
  ['db.prepare(sql)', 'sql'],
  ['db.prepare<unknown[]>(\n  sql,\n)', 'sql,'],
  ['const THREAD = `db.prepare(\\`SELECT ${x}\\`)`', 'x'],
  ["function preparer(db) {}\nrun('SELECT 1' + where)", "'SELECT 1' + where"],
  ['function preparer(db) {}\nconst part = `id = ${id}`', 'id'],
]

describe('the search for built SQL', () => {
  for (const [source, ...expected] of SNIPPETS) {
    test(`finds ${expected.join(' and ') || 'nothing'} in ${source}`, () => {
      assert.deepEqual(
        builtSql(source).map(({ expression }) => expression),
        expected,
      )
    })
  }
})

const HOSTILE = `x'); DROP TABLE helve_jobs; -- "hunter2`

test('values reach SQLite as parameters, whatever they contain', async (t) => {
  const methods = (['prepare', 'exec', 'pragma'] as const).map((name) =>
    t.mock.method(Database.prototype, name),
  )
  const store = await openStore(t)
  const job = aJob({ payload: HOSTILE, dedupeKey: HOSTILE, group: HOSTILE })
  const [{ id } = { id: 0 }] = await enqueue(store, job)
  const hook = { url: `https://hooks.localhost/?${HOSTILE}`, secret: HOSTILE, events: [HOSTILE] }
  const webhookId = await store.webhooks.create(hook)
  await pause(store, { kind: 'reindex', group: HOSTILE }, NOW, HOSTILE)
  const error = { name: HOSTILE, message: HOSTILE, stack: HOSTILE, code: HOSTILE }
  await settle(store, requeues(await claimOne(store), { error }))
  const delivery = aDelivery({ webhookId, guid: HOSTILE, event: HOSTILE, requestBody: HOSTILE })
  await settle(store, completes(await claimOne(store), { deliveries: [delivery] }))
  await enqueue(store, job)
  await store.list({ kind: 'reindex' })

  const texts = methods.flatMap(({ mock }) => mock.calls.map((call) => call.arguments[0]))
  assert.ok(texts.length > 80)
  assert.deepEqual(
    texts.filter((text) => text.includes('hunter2')),
    [],
  )
  assert.equal(await store.get(id), undefined)
  assert.equal((await store.getWebhook(webhookId))?.secret, HOSTILE)
  assert.equal(
    (await store.webhooks.deliveries({ hook: webhookId })).deliveries[0]?.requestBody,
    HOSTILE,
  )
  assert.deepEqual(
    (await store.pauses()).map(({ by, group }) => [by, group]),
    [[HOSTILE, HOSTILE]],
  )
  assert.deepEqual(await store.check(), { ok: true, problems: [] })
})
