import assert from 'node:assert/strict'
import { chmod, copyFile, open, readFile, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { storeError } from '../../../src/store/sqlite/errors.ts'
import { SqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/sqlite-store.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { aJob, enqueue, NOW, refusal } from '../../support/jobs.ts'
import { connect, openStore } from '../../support/store.ts'
import { unprivileged } from '../../support/unprivileged.ts'

const PAGE = 4_096

describe('the file of a SqliteStore', () => {
  for (const suffix of ['', '-wal', '-shm', '-owner']) {
    test(`queue.db${suffix} is for its user alone, whatever the umask`, async (t) => {
      const umask = process.umask(0)
      t.after(() => process.umask(umask))
      const store = await openStore(t)
      await store.join(NOW)
      await store.enqueue(aJob(), NOW)
      const { mode } = await stat(store.file + suffix)
      assert.equal((mode & 0o777).toString(8), '600')
    })
  }

  test('keeps the mode that it has been given', async (t) => {
    const store = await openStore(t)
    await store.close()
    await chmod(store.file, 0o640)
    await openStore(t, { file: store.file })
    assert.equal(((await stat(store.file)).mode & 0o777).toString(8), '640')
  })

  test('is known by its absolute path', async (t) => {
    const file = join(await temporaryFolder(t), 'queue.db')
    const store = await openStore(t, { file: relative(process.cwd(), file) })
    assert.equal(store.file, file)
  })

  test('I1: keeps its jobs from one opening to the next', async (t) => {
    const first = await openStore(t)
    const [job] = await enqueue(first, aJob({ payload: 'kept' }))
    await first.close()
    const second = await openStore(t, { file: first.file })
    assert.equal((await second.get(job!.id))?.payload, 'kept')
  })
})

describe('SqliteStore.open refuses', () => {
  const inputs: [name: string, file: unknown, options: unknown, named: string][] = [
    ['an empty path', '', {}, 'file'],
    ['a database in memory', ':memory:', {}, 'file'],
    ['a path that is no string', 5, {}, 'file'],
    ['a misspelt option', 'queue.db', { durabilty: 'power' }, 'durabilty'],
    ['an unknown durability', 'queue.db', { durability: 'none' }, 'durability'],
    ['options that are no object', 'queue.db', 'power', 'options'],
  ]
  for (const [name, file, options, named] of inputs) {
    test(`I10: ${name}`, async () => {
      await assert.rejects(
        SqliteStore.open(file as string, options as SqliteStoreOptions),
        refusal('HELVE_ERR_OPTION', named),
      )
    })
  }

  test('a folder that does not exist', async (t) => {
    const file = join(await temporaryFolder(t), 'missing', 'queue.db')
    await assert.rejects(SqliteStore.open(file), refusal('HELVE_ERR_OPTION', 'file', file))
  })

  test('a folder in the place of the file', async (t) => {
    const folder = await temporaryFolder(t)
    await assert.rejects(SqliteStore.open(folder), refusal('HELVE_ERR_STORE_LOST', folder))
  })

  test('a file that is not a database, and leaves it as it is', async (t) => {
    const file = join(await temporaryFolder(t), 'queue.db')
    const text = 'this is a letter to the editor\n'.repeat(200)
    await writeFile(file, text)
    await assert.rejects(SqliteStore.open(file), refusal('HELVE_ERR_STORE_CORRUPT', file))
    assert.equal(await readFile(file, 'utf8'), text)
  })

  test('the file of a newer helve, and leaves it as it is', async (t) => {
    const { file } = await closedStore(t)
    const connection = connect(t, file)
    connection.exec(`UPDATE helve_meta SET value = 999 WHERE key = 'schema'`)
    await assert.rejects(
      SqliteStore.open(file),
      refusal('HELVE_ERR_STORE_CORRUPT', 'file', '999', 'newer'),
    )
    const schema = connection.prepare(`SELECT value FROM helve_meta WHERE key = 'schema'`)
    assert.equal(schema.pluck().get(), 999)
  })

  test('a new file in a folder that may not be written', async (t) => {
    const folder = await temporaryFolder(t)
    await chmod(folder, 0o555)
    const file = join(folder, 'queue.db')
    await unprivileged(() =>
      assert.rejects(SqliteStore.open(file), refusal('HELVE_ERR_STORE_READONLY', file)),
    )
  })
})

/** A file that holds a queue with one job, and is not open. */
async function closedStore(t: TestContext): Promise<{ file: string; id: number }> {
  const store = await openStore(t)
  const { id } = await store.enqueue(aJob({ payload: 'x'.repeat(50 * PAGE) }), NOW)
  await store.close()
  return { file: store.file, id }
}

/** Overwrites all pages but the first, which holds the schema. */
async function damage(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  const { size } = await handle.stat()
  await handle.write(Buffer.alloc(size - PAGE, 0xff), 0, size - PAGE, PAGE)
  await handle.close()
}

describe('a file that fails later', () => {
  test('a file that may not be written can be read, and refuses an enqueue', async (t) => {
    const { file, id } = await closedStore(t)
    const folder = await temporaryFolder(t)
    const copy = join(folder, 'copy.db')
    await copyFile(file, copy)
    await chmod(folder, 0o777)
    await chmod(copy, 0o444)
    await unprivileged(async () => {
      const store = await SqliteStore.open(copy)
      await assert.rejects(
        store.enqueue(aJob(), NOW),
        refusal('HELVE_ERR_STORE_READONLY', 'file', copy),
      )
      assert.equal((await store.get(id))?.state, 'queued')
      assert.deepEqual(await store.counts(), { reindex: { queued: 1, running: 0, dead: 0 } })
      await store.close()
    })
  })

  test('a damaged file is refused as damaged, at the latest by the first read of the damage', async (t) => {
    const { file, id } = await closedStore(t)
    await damage(file)
    const openAndRead = async () => {
      const store = await openStore(t, { file })
      await store.get(id)
      await store.list({ kind: 'reindex' })
    }
    await assert.rejects(openAndRead(), refusal('HELVE_ERR_STORE_CORRUPT', 'file', file))
  })
})

test('a log whose index cannot grow is reported as `HELVE_ERR_STORE_FULL`', () => {
  const error = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_SHMSIZE' })
  refusal('HELVE_ERR_STORE_FULL', 'queue.db')(storeError(error, 'queue.db'))
})
