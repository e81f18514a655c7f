import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { read } from '../../../src/job/errors.ts'
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { aJob, NOW } from '../../support/jobs.ts'

// full-disk.test.ts runs this process on a disk of 1 MiB. The process enqueues until the disk is
// full, then makes room.

export interface Report {
  acknowledged: number[]
  code: unknown
  kept: number[]
  counted: number
  recovered: number
  afterwards: number[]
}

const [folder] = process.argv.slice(2)
const ballast = join(folder!, 'ballast')
await writeFile(ballast, Buffer.alloc(300_000, 1))
const store = await SqliteStore.open(join(folder!, 'queue.db'))

const job = aJob({ payload: 'x'.repeat(20_000) })
const acknowledged: number[] = []
let code: unknown
while (code === undefined && acknowledged.length < 1_000) {
  try {
    acknowledged.push((await store.enqueue(job, NOW)).id)
  } catch (error) {
    code = read(error, 'code')
  }
}

const ids = async () => (await store.list({ limit: 1_000 })).jobs.map(({ id }) => id)
const kept = await ids()
const counted = (await store.counts()).reindex!.queued
await rm(ballast)
const { id: recovered } = await store.enqueue(job, NOW)
const report: Report = { acknowledged, code, kept, counted, recovered, afterwards: await ids() }
process.stdout.write(JSON.stringify(report))
