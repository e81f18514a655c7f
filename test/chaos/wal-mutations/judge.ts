import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { HelveError, SqliteStore } from '../../../src/index.ts'
import { aJob, NOW } from '../../support/jobs.ts'
import { contents } from './contents.ts'

/**
 * Opens a database with a log that may be damaged.
 *
 * @param states all that the database may hold, oldest first
 * @returns how many of the newest states are lost; or `refused`, as a damaged file may be
 * @throws if the database holds anything else, is not clean, does not work, or fails otherwise
 */
export async function judge(
  folder: string,
  files: { database: Buffer; wal: Buffer },
  states: string[],
): Promise<number | 'refused'> {
  await mkdir(folder)
  const file = join(folder, 'queue.db')
  await writeFile(file, files.database)
  await writeFile(`${file}-wal`, files.wal)
  try {
    const store = await opened(file)
    if (store === undefined) return 'refused'
    return await inspect(store, states).finally(() => store.close())
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function opened(file: string): Promise<SqliteStore | undefined> {
  try {
    return await SqliteStore.open(file)
  } catch (error) {
    if (error instanceof HelveError && error.code === 'HELVE_ERR_STORE_CORRUPT') return undefined
    throw error
  }
}

async function inspect(store: SqliteStore, states: string[]): Promise<number> {
  const connection = new Database(store.file)
  try {
    const state = states.lastIndexOf(contents(connection))
    assert.notEqual(state, -1, 'it holds what no turn has left')
    assert.deepEqual(connection.pragma('integrity_check'), [{ integrity_check: 'ok' }])
    await assertWorks(store)
    return states.length - 1 - state
  } finally {
    connection.close()
  }
}

/** Asserts that a job whose priority goes before all others runs, whatever the file held. */
async function assertWorks(store: SqliteStore): Promise<void> {
  await store.join(NOW)
  const { id } = await store.enqueue(aJob({ priority: -1_000 }), NOW)
  const claimed = await store.claim(NOW)
  assert.equal(claimed?.id, id)
  assert.ok(await store.complete(claimed, NOW))
}
