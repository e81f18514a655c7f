import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { SqliteStore } from '../../../src/index.ts'
import { Random } from '../../support/random.ts'
import { contents } from './contents.ts'
import { Turns } from './turns.ts'
import { endOfLog } from './wal.ts'

/**
 * What has become of the earlier turns. `logged`: they are in the log with the later turns.
 * `copied`: a checkpoint has copied them, and the log goes on behind them. `restarted`: a
 * checkpoint has copied them, and the log has been started anew over them.
 */
export const HISTORIES = ['logged', 'copied', 'restarted'] as const
export type History = (typeof HISTORIES)[number]

/** A database and its write-ahead log, as a process that died has left them. */
export interface Base {
  database: Buffer
  wal: Buffer
  /** The part of the log that may be damaged begins here: a checkpoint relied on all before. */
  tail: number
  /** Where the last frame of the log ends; older frames may follow. */
  end: number
  /** All that an opened file may hold: what each turn has left, oldest first. */
  states: string[]
}

/** Few enough for one log: from 1,000 pages on, a commit copies the log into the database by itself. */
const TURNS = 50
const EARLIER = 30

/** Takes many turns in a new folder, and copies the files. */
export async function makeBase(folder: string, history: History, seed: number): Promise<Base> {
  await mkdir(folder)
  const file = join(folder, 'queue.db')
  const store = await SqliteStore.open(file)
  const [other, reader] = [new Database(file), new Database(file)]
  try {
    const turns = new Turns(store, new Random(seed))
    const take = async (count: number): Promise<string[]> => {
      const states: string[] = []
      for (; states.length < count; states.push(contents(other))) await turns.take()
      return states
    }
    let states = [contents(other), ...(await take(EARLIER))]
    const tail = history === 'copied' ? (await stat(`${file}-wal`)).size : 0
    // SQLite does not start the log anew as long as somebody reads from it.
    if (history === 'copied') beginReading(reader)
    if (history !== 'logged') states = [checkpoint(other)]
    states.push(...(await take(TURNS - EARLIER)))
    const files = await copy(file)
    const base = { ...files, tail, end: endOfLog(files.wal), states }
    assertHistory(base, history)
    return base
  } finally {
    reader.close()
    other.close()
    await store.close()
  }
}

function beginReading(reader: Database.Database): void {
  reader.exec('BEGIN')
  contents(reader)
}

/** Copies the whole log into the database; returns the contents of the database. */
function checkpoint(connection: Database.Database): string {
  const [result] = connection.pragma('wal_checkpoint(PASSIVE)') as [Record<string, number>]
  assert.equal(result['checkpointed'], result['log'])
  return contents(connection)
}

/** Copies the files by another process: to open them in this process would drop SQLite's locks. */
async function copy(file: string): Promise<{ database: Buffer; wal: Buffer }> {
  const copied = `${file}.copy`
  await promisify(execFile)('cp', [file, copied])
  await promisify(execFile)('cp', [`${file}-wal`, `${copied}-wal`])
  return { database: await readFile(copied), wal: await readFile(`${copied}-wal`) }
}

/** Asserts that the files have the history that the test takes them to have. */
function assertHistory({ database, wal, tail, end }: Base, history: History): void {
  assert.ok(tail < end, 'nothing came after the checkpoint')
  assert.equal(database.length <= 4096, history === 'logged', 'a checkpoint, or none')
  assert.equal(wal.length > end, history === 'restarted', 'older frames behind the log, or none')
}
