import assert from 'node:assert/strict'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { SqliteStore, StoreEnqueuer } from '../../../src/index.ts'
import { Child } from './child.ts'
import { Ledger } from './ledger.ts'

/** Runs processes until one comes to the end of the queue; resolves to how many died before. */
async function restarting(file: string, ledger: string): Promise<number> {
  for (let deaths = 0; deaths < 8; deaths += 1) {
    const child = new Child([file, ledger])
    child.send({})
    const [code, signal] = await child.exit().finally(() => child.kill())
    if (code === 0) return deaths
    assert.equal(signal, 'SIGKILL')
  }
  throw new Error('the queue never drained')
}

describe('a job that kills its process again and again', () => {
  let store: SqliteStore
  let folder: string
  let deaths: number
  const ids = { deadly: 0, slow: 0, plain: [] as number[] }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'helve-'))
    store = await SqliteStore.open(join(folder, 'queue.db'))
    const enqueuer = new StoreEnqueuer(store)
    // The slow and the deadly job run at the same time in each process, on threads of their own.
    ids.slow = (await enqueuer.enqueue('slow', { n: 1 })).id
    ids.deadly = (await enqueuer.enqueue('deadly', { n: 2 })).id
    for (let n = 3; n < 23; n += 1) ids.plain.push((await enqueuer.enqueue('plain', { n })).id)
    deaths = await restarting(store.file, join(folder, 'ledger'))
  })
  after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  test('I2: the deadly job is dead after three crashes, with three LostErrors', async () => {
    assert.equal(deaths, 3)
    const record = await store.get(ids.deadly)
    assert.deepEqual([record?.state, record?.attempts, record?.crashes], ['dead', 0, 3])
    assert.deepEqual(
      record?.errors.map(({ name }) => name),
      ['LostError', 'LostError', 'LostError'],
    )
  })

  test('I2: the jobs queued behind the deadly job run', () => {
    const entries = new Ledger(join(folder, 'ledger')).news()
    const ended = new Set(entries.filter(({ what }) => what === 'end').map(({ id }) => id))
    assert.deepEqual(
      ids.plain.filter((id) => !ended.has(id)),
      [],
    )
  })

  test('a slow job that ran beside the deadly job completes', async () => {
    assert.equal(await store.get(ids.slow), undefined)
    assert.deepEqual(await store.counts(), { deadly: { queued: 0, running: 0, dead: 1 } })
  })
})
