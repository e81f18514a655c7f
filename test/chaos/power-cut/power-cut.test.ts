import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Runtime, SqliteStore } from '../../../src/index.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { connect } from '../../support/store.ts'
import { SEED } from '../part.ts'
import { judge } from './judge.ts'
import { Ledger } from './ledger.ts'
import { run, share } from './power-cut.ts'
import { submission } from './submissions.ts'

test('I1: power cuts under load take back no acknowledged enqueue', async (t) => {
  const figures = await run({ seed: SEED, ...share })
  if (figures['skipped'] !== undefined) return t.skip(String(figures['skipped']))
  assert.ok(Number(figures['power: acknowledged enqueues']) > 50)
  assert.ok(Number(figures['power: of them with something unsynced']) > 0)
  assert.ok(Number(figures['process: most that one cut took back']) > 0)
})

describe('the judge of a power cut', () => {
  /** Makes a file with these submissions, and closes the file. */
  async function fileWith(folder: string, numbers: number[]): Promise<void> {
    const store = await SqliteStore.open(join(folder, 'queue.db'))
    const runtime = new Runtime(store)
    for (const n of numbers) {
      const { kind, payload, options } = submission(n)
      await runtime.enqueue(kind, payload, options)
    }
    await runtime.stop()
    await store.close()
  }

  test('returns the acknowledged submissions that are neither in the file nor done', async (t) => {
    const folder = await temporaryFolder(t)
    await fileWith(folder, [1, 2, 3, 5])
    const ledger = new Ledger()
    // 3 and 15 have one key. 9 has another key, of which a newer submission has started.
    ledger.hear('ack 1 1\nack 3 3\nack 4 9\nack 7 9\nack 9 9\nack 15 9\nack 25 9\nend 7\n')
    ledger.hear('start 21 key-1\n')
    assert.deepEqual(await judge(folder, ledger), [4, 25, 15])
  })

  test('finds a job that is not as it was submitted', async (t) => {
    const folder = await temporaryFolder(t)
    await fileWith(folder, [1, 2])
    const changed = `UPDATE helve_jobs SET payload = replace(payload, '2.', '3.') WHERE id = 2`
    connect(t, join(folder, 'queue.db')).exec(changed)
    await assert.rejects(judge(folder, new Ledger()), /submission 2 is not as it was/)
  })

  test('finds an older job that is missing although a newer job is there', async (t) => {
    const folder = await temporaryFolder(t)
    await fileWith(folder, [5, 10, 20])
    connect(t, join(folder, 'queue.db')).exec(`
      DELETE FROM helve_jobs WHERE id = 2;
      UPDATE helve_queues SET queued = queued - 1 WHERE kind = 'later'`)
    const ledger = new Ledger()
    ledger.hear('ack 5 1\nack 10 2\nack 20 3\n')
    await assert.rejects(judge(folder, ledger), /submission 10 \(job 2\) is lost/)
  })
})
