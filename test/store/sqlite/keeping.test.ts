import assert from 'node:assert/strict'
import { chmod, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../support/folder.ts'
import {
  aJob,
  claim,
  claimOne,
  claimsOn,
  completes,
  enqueue,
  NOW,
  refusal,
  requeues,
  settle,
  turn,
} from '../../support/jobs.ts'
import { overwrite } from '../../support/overwrite.ts'
import { loopTurn } from '../../support/signal.ts'
import { connect, openStore } from '../../support/store.ts'
import { unprivileged } from '../../support/unprivileged.ts'

const PAGE = 4_096

/** Turns of the event loop; only a copy that begins anew again and again takes so many. */
const MOST_COMMITS = 500

const times = (count: number) => Array.from({ length: count }, (_, n) => aJob({ payload: n }))

describe('I1: a file that is taken away while it is open', () => {
  const ways: [what: string, take: (file: string) => Promise<void>, named: string][] = [
    ['deleted', (file) => rm(file), 'deleted'],
    ['moved', (file) => rename(file, `${file}.old`), 'deleted'],
    [
      'replaced',
      async (file) => {
        await rename(file, `${file}.old`)
        await writeFile(file, '')
      },
      'another file',
    ],
  ]
  for (const [what, take, named] of ways) {
    test(`${what}: nothing more is acknowledged, or claimed`, async (t) => {
      const store = await openStore(t)
      await enqueue(store, aJob())
      await take(store.file)
      await assert.rejects(store.enqueue(aJob(), NOW), refusal('HELVE_ERR_STORE_LOST', named))
      await assert.rejects(claim(store), refusal('HELVE_ERR_STORE_LOST', named))
    })
  }

  for (const ending of ['-wal', '-shm']) {
    test(`only ${ending} deleted: nothing more is acknowledged, and no job is lost`, async (t) => {
      const store = await openStore(t)
      await enqueue(store, aJob())
      await rm(store.file + ending)
      await assert.rejects(store.enqueue(aJob(), NOW), refusal('HELVE_ERR_STORE_LOST', ending))
      await store.close()
      const next = await openStore(t, { file: store.file })
      assert.equal((await claim(next)).length, 1)
    })
  }

  test('only the lock of its owner deleted: I3, a second owner ends the first owner', async (t) => {
    const store = await openStore(t)
    await enqueue(store, aJob())
    await store.join(NOW)
    await rm(`${store.file}-owner`)
    const second = await openStore(t, { file: store.file })
    await second.join(NOW)
    await assert.rejects(claim(store), refusal('HELVE_ERR_STORE_LOST', '-owner'))
    assert.equal((await claim(second)).length, 1)
  })

  test('cannot be reached any more: an enqueue is refused with `HELVE_ERR_STORE_LOST`', async (t) => {
    const store = await openStore(t)
    const folder = dirname(store.file)
    await chmod(folder, 0o000)
    await unprivileged(async () => {
      await assert.rejects(store.enqueue(aJob(), NOW), refusal('HELVE_ERR_STORE_LOST', folder))
    })
    await chmod(folder, 0o700)
    await store.enqueue(aJob(), NOW)
  })

  test('moved back to its path: the store works on', async (t) => {
    const store = await openStore(t)
    await rename(store.file, `${store.file}.old`)
    await assert.rejects(store.enqueue(aJob(), NOW), refusal('HELVE_ERR_STORE_LOST'))
    await rename(`${store.file}.old`, store.file)
    await store.enqueue(aJob(), NOW)
    assert.equal((await claim(store)).length, 1)
  })
})

describe('backup', () => {
  test('holds what was committed when the backup began, and is for its user alone', async (t) => {
    const store = await openStore(t)
    await enqueue(store, ...times(2_000))
    const copy = join(await temporaryFolder(t), 'copy.db')
    const before = await store.counts()
    const copying = store.backup(copy)
    await enqueue(store, ...times(100))
    await copying
    assert.equal(((await stat(copy)).mode & 0o777).toString(8), '600')
    const second = await openStore(t, { file: copy })
    assert.deepEqual(await second.counts(), before)
    assert.deepEqual(await second.check(), { ok: true, problems: [] })
    assert.equal((await claim(second, 3_000)).length, 2_000)
  })

  test('ends, although another connection commits again and again', async (t) => {
    const store = await openStore(t)
    await enqueue(store, ...Array.from({ length: 100 }, () => aJob({ payload: 'x'.repeat(PAGE) })))
    const copy = join(await temporaryFolder(t), 'copy.db')
    const other = connect(t, store.file)
    const write = other.prepare('UPDATE helve_jobs SET folds = folds + 1 WHERE id = 1')
    const state = { isCopying: true }
    const copying = store.backup(copy).finally(() => (state.isCopying = false))
    for (let commits = 0; state.isCopying && commits < MOST_COMMITS; commits += 1) {
      write.run()
      await loopTurn()
    }
    assert.equal(state.isCopying, false)
    await copying
    const second = await openStore(t, { file: copy })
    assert.equal((await claim(second)).length, 100)
  })

  test('saves a file that has been deleted', async (t) => {
    const store = await openStore(t)
    await enqueue(store, ...times(3))
    await rm(store.file)
    const copy = join(await temporaryFolder(t), 'copy.db')
    await store.backup(copy)
    const second = await openStore(t, { file: copy })
    assert.equal((await claim(second)).length, 3)
  })

  test('is refused by a closed store, and leaves no file', async (t) => {
    const store = await openStore(t)
    await store.close()
    const folder = await temporaryFolder(t)
    await assert.rejects(store.backup(join(folder, 'copy.db')), refusal('HELVE_ERR_CLOSED'))
    assert.deepEqual(await readdir(folder), [])
  })

  test('I10: refuses an existing file, an empty path, and a path in a missing folder', async (t) => {
    const store = await openStore(t)
    await assert.rejects(store.backup(store.file), refusal('HELVE_ERR_OPTION', 'path'))
    await assert.rejects(store.backup(''), refusal('HELVE_ERR_OPTION', 'path'))
    const missing = join(await temporaryFolder(t), 'missing', 'copy.db')
    await assert.rejects(store.backup(missing), refusal('HELVE_ERR_STORE_READONLY', missing))
  })
})

describe('check', () => {
  test('finds nothing in a queue in use', async (t) => {
    const store = await openStore(t)
    await enqueue(store, ...times(50))
    await claim(store, 20)
    assert.deepEqual(await store.check(), { ok: true, problems: [] })
  })

  test('finds a counter that is off', async (t) => {
    const store = await openStore(t)
    await enqueue(store, aJob())
    connect(t, store.file).exec('UPDATE helve_queues SET queued = queued + 2')
    const problems = ['counter of queued reindex, priority 0: off by 2']
    assert.deepEqual(await store.check(), { ok: false, problems })
  })

  test('finds that there is no file', async (t) => {
    const store = await openStore(t)
    await rm(store.file)
    assert.deepEqual(await store.check(), {
      ok: false,
      problems: ['unable to open database file'],
    })
  })

  test('finds a damaged page', async (t) => {
    const store = await openStore(t)
    await enqueue(store, ...times(2_000))
    connect(t, store.file).pragma('wal_checkpoint(TRUNCATE)')
    overwrite(store.file, Buffer.alloc(PAGE), 20 * PAGE)
    const { ok, problems } = await store.check()
    assert.equal(ok, false)
    assert.ok(problems.length > 0)
  })
})

test('a pause that was rolled back with its turn is not known afterwards', async (t) => {
  const store = await openStore(t)
  const pause = (kind: string) => ({ type: 'pause', target: { kind }, by: null }) as const
  const failed = turn(store, {
    commands: [pause('a')],
    admit: () => {
      throw new Error('on purpose')
    },
  })
  await assert.rejects(failed, /on purpose/)
  let known: unknown
  await turn(store, {
    commands: [pause('b')],
    admit: (_, pauses) => {
      known = pauses.map(({ kind }) => kind)
      return []
    },
  })
  assert.deepEqual(known, ['b'])
})

describe('a damaged file', () => {
  test('I2: a job whose overrides cannot be read runs, and stops no other job', async (t) => {
    const store = await openStore(t)
    await enqueue(store, aJob({ overrides: { timeout: 5 } }), aJob())
    connect(t, store.file).exec(`UPDATE helve_jobs SET overrides = '{bad' WHERE id = 1`)
    const claimed = await claim(store)
    assert.deepEqual(
      claimed.map(({ overrides }) => overrides),
      [null, null],
    )
  })

  test('a row that cannot be read hides no other row, and `check` names the row', async (t) => {
    const store = await openStore(t)
    await enqueue(store, aJob({ payload: 1 }), aJob({ payload: 2 }))
    connect(t, store.file).exec(
      `UPDATE helve_jobs SET payload = '{bad', errors = 'oops', overrides = '[' WHERE id = 1`,
    )
    const { jobs } = await store.list({})
    assert.deepEqual(
      jobs.map(({ payload, errors }) => [
        payload,
        errors.map(({ name, message }) => [name, message]),
      ]),
      [
        [
          undefined,
          ['errors', 'payload'].map((column) => {
            return ['DamagedRowError', `${column}: expected JSON, got a damaged row`]
          }),
        ],
        [2, []],
      ],
    )
    const { problems } = await store.check()
    const columns = ['payload', 'errors', 'overrides']
    assert.deepEqual(
      problems,
      columns.map((column) => `job 1: its ${column} cannot be read`),
    )
  })

  test('I12: a job whose errors cannot be read is settled like any other job', async (t) => {
    const store = await openStore(t)
    await enqueue(store, aJob())
    const job = await claimOne(store)
    connect(t, store.file).exec(`UPDATE helve_jobs SET errors = 'oops'`)
    assert.equal((await settle(store, requeues(job)))?.state, 'queued')
    assert.equal((await store.get(job.id))?.errors.length, 1)
  })

  test('I12: an ending that cannot be written makes its own job dead, and no other job', async (t) => {
    const store = await openStore(t)
    await enqueue(store, aJob(), aJob(), aJob())
    const [bad, good, keyed] = await claim(store)
    const unwritable = requeues(bad!, { runAt: NaN })
    const { settled } = await turn(store, {
      settles: [completes(good!), unwritable, requeues(keyed!)],
      enqueues: [aJob({ kind: 'next' })],
    })
    assert.deepEqual(
      settled.map((one) => one?.state),
      ['completed', 'dead', 'queued'],
    )
    assert.match(settled[1]!.setAside!.message, /job 1: its ending could not be written/)
    const dead = await store.get(1)
    assert.deepEqual([dead?.state, dead?.errors[0]?.name], ['dead', 'UnsettledError'])
    assert.deepEqual(await store.counts(), {
      next: { queued: 1, running: 0, dead: 0 },
      reindex: { queued: 1, running: 0, dead: 1 },
    })
    assert.deepEqual((await store.check()).problems, [])
  })

  test('I12: a job enqueued beside an ending that cannot be written starts in the same turn', async (t) => {
    const store = await openStore(t)
    await enqueue(store, aJob())
    const job = await claimOne(store)
    const settles = [requeues(job, { runAt: NaN })]
    const { claimed } = await claimsOn(store, {}, { settles, enqueues: [aJob({ kind: 'next' })] })
    assert.deepEqual(
      claimed.map(({ kind }) => kind),
      ['next'],
    )
  })

  test('is refused by the next owner, if the last owner left jobs running', async (t) => {
    const store = await openStore(t)
    await enqueue(store, ...times(2_000))
    await claim(store, 1)
    connect(t, store.file).pragma('wal_checkpoint(TRUNCATE)')
    overwrite(store.file, Buffer.alloc(PAGE), 20 * PAGE)
    await assert.rejects(store.join(NOW), refusal('HELVE_ERR_STORE_CORRUPT', store.file))
  })
})
