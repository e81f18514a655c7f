import { existsSync } from 'node:fs'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SqliteStore, type JobRecord, type Page } from '../../../src/index.ts'
import { violation } from './violation.ts'

/** The most jobs that a page may have. */
const PAGE = 1_000

/**
 * Reads the jobs of a file whose process is gone, from a copy of the file: the next process has to
 * find the file as the last process has left it.
 */
export async function snapshot(file: string): Promise<JobRecord[]> {
  const folder = `${file}-copy`
  await mkdir(folder)
  try {
    const copy = join(folder, 'queue.db')
    await copyFile(file, copy)
    if (existsSync(`${file}-wal`)) await copyFile(`${file}-wal`, `${copy}-wal`)
    return await readJobs(copy)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function readJobs(file: string): Promise<JobRecord[]> {
  const store = await SqliteStore.open(file)
  try {
    const { ok, problems } = await store.check()
    if (!ok) violation('the file is damaged', problems)
    const jobs: JobRecord[] = []
    let page: Page = { jobs: [] }
    do {
      const after = page.next
      page = await store.list({ limit: PAGE, ...(after === undefined ? {} : { after }) })
      jobs.push(...page.jobs)
    } while (page.next !== undefined)
    return jobs
  } finally {
    await store.close()
  }
}
