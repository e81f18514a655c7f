import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Database } from 'better-sqlite3'
import { badOption } from '../../job/check.ts'
import { storeError } from './errors.ts'
import { createPrivately } from './private-file.ts'

/** Pages that are copied at a time: some tenths of a millisecond, and then the event loop goes on. */
const PAGES = 64

/** Copies an open database page by page, with what is written meanwhile. */
export async function backup(db: Database, path: unknown): Promise<void> {
  if (typeof path !== 'string' || path === '') throw badOption('path', 'a path', path)
  const file = resolve(path)
  if (!createPrivately(file)) throw badOption('path', 'a file that is not there yet', path)
  try {
    await db.backup(file, { progress: () => PAGES })
  } catch (error) {
    rmSync(file, { force: true })
    throw storeError(error, file)
  }
}
